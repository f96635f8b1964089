"""The numbers behind a page as CSV."""

from __future__ import annotations

import pandas as pd

from sdd_bench.errors import printable

from .page import Page

FORMULA = r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]"
"""How a text starts that a spreadsheet would run; in Japanese ones the wide signs do it too."""


def render(page: Page, width: int) -> str:
    """The tidy table. Spreadsheets run a text that starts like a formula, so such get a quote."""
    tidy = page.tidy
    safe = tidy.copy()
    for column in tidy.columns[~tidy.dtypes.map(pd.api.types.is_numeric_dtype)]:
        text = tidy[column].astype("str").fillna("").map(printable)
        safe[column] = text.where(~text.str.match(FORMULA), "'" + text)
    return safe.to_csv(index=False, lineterminator="\n")
