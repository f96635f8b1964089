"""A page as Markdown."""

from __future__ import annotations

import re

from .page import Page

_SIGNS = {"&": "&amp;", "<": "&lt;", "|": r"\|", "*": r"\*"}
"""What means something in Markdown and may stand in a name."""

_ACTING = re.compile(r"[&<|*]|\\(?=[!-/:-@\[-`{-~]|$)|(?<=\])[\[(:]")
"""Those, a backslash that would take the meaning from the sign behind it, and the second half of a
link or a picture."""


def render(page: Page, width: int) -> str:
    """A pipe table below the title, the notes below that."""
    lines = [page.header, ["---"] * len(page.header), *page.rows]
    body = ["| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines]
    notes = [f"{_safe(note)}\n" for note in page.notes]
    return "\n".join([_safe(page.title), "", *body, "", *notes])


def _markdown_cell(cell: str) -> str:
    return "<br>".join(map(_safe, cell.split("\n")))


def _safe(text: str) -> str:
    return _ACTING.sub(lambda sign: _SIGNS.get(sign[0], f"&#{ord(sign[0])};"), text)
