"""A page as an HTML document."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from sdd_bench import files

from .page import Page

if TYPE_CHECKING:
    from jinja2 import Template


def render(page: Page, width: int) -> str:
    """One file that needs no other; everything in it is escaped."""
    return _template("page").render(page=page, newline="\n")


def fragment(page: Page) -> str:
    """The table with its caption and notes alone, to stand in somebody else's document.

    The style there may know nothing of the lines in a cell, so a tag ends each.
    """
    return _template("table").render(page=page, newline="<br>")


def _template(name: str) -> Template:
    from jinja2 import Environment, FunctionLoader

    def source(file: str) -> str | None:
        return files.read_text(resources.files(__package__) / file)

    return Environment(autoescape=True, loader=FunctionLoader(source)).get_template(
        f"{name}.html.j2"
    )
