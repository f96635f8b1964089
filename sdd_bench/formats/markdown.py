"""A page as Markdown."""

from __future__ import annotations

from .page import Page


def render(page: Page, width: int) -> str:
    """A pipe table below the title, the notes below that."""
    lines = [page.header, ["---"] * len(page.header), *page.rows]
    body = ["| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines]
    return "\n".join([page.title, "", *body, "", *(f"{note}\n" for note in page.notes)])


def _markdown_cell(cell: str) -> str:
    safe = cell.replace("&", "&amp;").replace("<", "&lt;").replace("|", r"\|").replace("*", r"\*")
    return safe.replace("\n", "<br>")
