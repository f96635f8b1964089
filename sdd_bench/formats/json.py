"""The numbers behind a page as JSON."""

from __future__ import annotations

import json
import math

from sdd_bench.errors import printable

from .page import Page


def render(page: Page, width: int) -> str:
    r"""The tidy table, one object per row, NaN as null, and `\u202e` for what would act."""
    rows = [
        {key: None if isinstance(cell, float) and math.isnan(cell) else cell for key, cell in row}
        for row in (record.items() for record in page.tidy.to_dict("records"))
    ]
    text = json.dumps(rows, indent=2, ensure_ascii=False)
    return "".join(map(_letter, text)) + "\n" if printable(text, keep="\n") != text else text + "\n"


def _letter(letter: str) -> str:
    """The letter, or what JSON reads as the same."""
    same = printable(letter, keep="\n") == letter
    return letter if same else json.dumps(letter)[1:-1]
