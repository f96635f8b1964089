"""The numbers behind a page as CSV."""

from __future__ import annotations

import pandas as pd

from .page import Page


def render(page: Page, width: int) -> str:
    """The tidy table. Spreadsheets run a text that starts like a formula, so such get a quote."""
    tidy = page.tidy
    safe = tidy.copy()
    for column in tidy.columns[~tidy.dtypes.map(pd.api.types.is_numeric_dtype)]:
        text = tidy[column].astype("str")
        safe[column] = text.where(~text.str.match(r"[=+\-@\t\r]"), "'" + text)
    return safe.to_csv(index=False, lineterminator="\n")
