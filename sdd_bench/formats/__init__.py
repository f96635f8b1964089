"""A page of results as text, markdown, LaTeX, HTML, CSV or JSON.

`csv` and `json` hold the tidy numbers behind the page instead of its text.
"""

from __future__ import annotations

import importlib

from sdd_bench.errors import unknown

from .page import Page

FORMATS = ("text", "markdown", "latex", "csv", "json", "html")


def render(page: Page, format: str, *, width: int = 120) -> str:  # noqa: A002
    """The page as 'text' (of `width` columns), 'markdown', 'latex' or 'html'; its numbers as 'csv'
    or 'json'. Raises InputError for another format.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    text: str = importlib.import_module(f".{format}", __name__).render(page, width)
    return text
