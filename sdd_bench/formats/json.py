"""The numbers behind a page as JSON."""

from __future__ import annotations

import json
import math

from .page import Page


def render(page: Page, width: int) -> str:
    """The tidy table, one object per row, NaN as null."""
    rows = [
        {key: None if isinstance(cell, float) and math.isnan(cell) else cell for key, cell in row}
        for row in (record.items() for record in page.tidy.to_dict("records"))
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
