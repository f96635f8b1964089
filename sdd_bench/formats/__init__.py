"""A page of results as text, markdown, LaTeX, HTML, CSV or JSON: one file per format.

`csv` and `json` hold the tidy numbers behind the page instead of its text.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast

from sdd_bench.errors import unknown

from .page import WIDTH, Page

HELPERS = frozenset({"cells", "page"})
"""The files of this folder that are no format."""


class Format(Protocol):
    """A file of this folder that is called like the format it writes."""

    def render(self, page: Page, width: int) -> str:
        """The page, `width` characters wide where the format has a width.

        Its words are harmless in a terminal; what acts in the format itself is the format's to
        escape.
        """
        ...


def names() -> list[str]:
    """The formats there are, sorted."""
    return sorted({module.name for module in pkgutil.iter_modules(__path__)} - HELPERS)


def render(page: Page, name: str, *, width: int = WIDTH) -> str:
    """The page in the format of that name. Raises InputError if there is none."""
    if name not in names():
        raise unknown("format", name, names())
    form = cast(Format, importlib.import_module(f".{name}", __name__))
    return form.render(page.escaped(), width)


def fragment(page: Page) -> str:
    """The page as HTML that stands in another document, such as a notebook."""
    from . import html

    return html.fragment(page.escaped())
