"""A page as text for a terminal."""

from __future__ import annotations

import io

from .page import Page


def render(page: Page, width: int) -> str:
    """A table of `width` columns, drawn with lines."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: rich would read the brackets of an interval as markup.
    table = Table(show_lines=any("\n" in cell for row in page.rows for cell in row))
    for name in page.header:
        table.add_column(Text(name), overflow="fold")
    for row in page.rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(Text(page.title))
        console.print(table)
        for note in page.notes:
            console.print(Text(note))
    return capture.get()
