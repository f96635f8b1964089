"""A page as text for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .page import WIDTH, Page

if TYPE_CHECKING:
    from rich.box import Box

NARROW, WIDE = 6, 26
"""Characters that a column wants at least, and at most: a longer word is folded."""

AROUND = 3
"""Characters between two columns: a line, and a blank on each side of it."""


def render(page: Page, width: int) -> str:
    """A table of `width` columns, drawn with lines; title and notes around it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(Text(page.title))
        if page.rows:
            console.out(table(page.header, page.rows, width), end="", highlight=False)
        for note in page.notes:
            console.print(Text(note))
    return capture.get()


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int, box: Box | None = None
) -> str:
    """The table alone; in a narrow place as several below one another, each with the first column.

    `box` are the lines, where they aren't those of pages.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=io.StringIO(), width=width, color_system=None)
    wanted = [_wanted(column) for column in zip(header, *rows, strict=True)]
    with console.capture() as capture:
        for block in _blocks(wanted, width):
            # Text, not str: rich would read the brackets of an interval as markup.
            if box is None:
                drawn = Table(show_lines=any("\n" in cell for row in rows for cell in row))
            else:
                drawn = Table(box=box, pad_edge=False)
            cells = [[line[column] for line in [header, *rows]] for column in block]
            for column, of in zip(block, _widths(cells, width), strict=True):
                drawn.add_column(Text(header[column]), overflow="fold", width=of)
            for row in rows:
                drawn.add_row(*(Text(row[column]) for column in block))
            console.print(drawn)
    return capture.get()


def _wanted(cells: Sequence[str]) -> int:
    """The characters that a column of these cells wants, so that no word in it is folded."""
    from rich.cells import cell_len

    return min(
        max(NARROW, *(cell_len(word) for cell in cells for word in ["", *cell.split()])), WIDE
    )


def _widths(columns: Sequence[Sequence[str]], width: int) -> list[int | None]:
    """The characters of each column in a narrow place: first its words, then its lines.

    None where rich finds the width: in a wide place, and where not even the words fit.
    """
    from rich.cells import cell_len

    widths = [_wanted(cells) for cells in columns]
    lines = [
        max(cell_len(line) for cell in cells for line in ["", *cell.split("\n")])
        for cells in columns
    ]
    left = width - sum(widths) - AROUND * len(widths) - 1
    if width >= WIDTH or left < 0:
        return [None] * len(widths)
    for place in sorted(range(len(widths)), key=lambda place: lines[place] - widths[place]):
        more = min(max(0, lines[place] - widths[place]), left)
        widths[place] += more
        left -= more
    return [*widths]


def _taken(wanted: Sequence[int], block: Sequence[int]) -> int:
    """The characters that a table of these columns takes."""
    return sum(wanted[column] + AROUND for column in block) + 1


def _blocks(wanted: Sequence[int], width: int) -> Iterator[list[int]]:
    """The columns of each of the tables that a table becomes so that its words fit."""
    block: list[int] = []
    for column in range(len(wanted)):
        if width < WIDTH and len(block) > 1 and _taken(wanted, [*block, column]) > width:
            yield block
            block = [0]
        block.append(column)
    yield block
