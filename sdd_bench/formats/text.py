"""A page as text for a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .page import Page

if TYPE_CHECKING:
    from rich.box import Box

NARROW = 6
"""Characters that a column has at least."""

AROUND = 3
"""Characters between two columns: a line, and a blank on each side of it."""

_UNIT = re.compile(r"\[[^]\n]*\]\S*|\S+")
"""What is never broken: a word, and an interval with the blank in it."""


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
    """The table alone; in a narrow place as several below one another, each with the columns that
    tell the rows apart.

    `box` are the lines, where they aren't those of pages.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=io.StringIO(), width=width, color_system=None)
    least = [_least(column) for column in zip(header, *rows, strict=True)]
    with console.capture() as capture:
        for block in _blocks(least, width, _key(rows, least, width)):
            lines = [[line[column] for column in block] for line in [header, *rows]]
            widths = _widths([*zip(*lines, strict=True)], width)
            # Text, not str: rich would read the brackets of an interval as markup.
            top, *cells = [
                [Text(_wrapped(cell, of)) for cell, of in zip(line, widths, strict=True)]
                for line in lines
            ]
            if box is None:
                drawn = Table(show_lines=any("\n" in cell for line in cells for cell in line))
            else:
                drawn = Table(box=box, pad_edge=False)
            for name, of in zip(top, widths, strict=True):
                drawn.add_column(name, overflow="fold", width=of)
            for line in cells:
                drawn.add_row(*line)
            console.print(drawn)
    return capture.get()


def _least(cells: Sequence[str]) -> int:
    """The characters that a column of these cells needs, so that no word in it is broken."""
    from rich.cells import cell_len

    return max(NARROW, *(cell_len(unit) for cell in cells for unit in ["", *_UNIT.findall(cell)]))


def _widths(columns: Sequence[Sequence[str]], width: int) -> list[int]:
    """The characters of each column: those that its words need, and what is left to whichever has
    most broken lines, one by one. Where not even the words fit, the longest are folded.
    """
    widths = [_least(cells) for cells in columns]
    left = width - sum(widths) - AROUND * len(widths) - 1
    while left < 0 and max(widths) > NARROW:
        widths[widths.index(max(widths))] -= 1
        left += 1
    broken = [_broken(*column) for column in zip(columns, widths, strict=True)]
    while left > 0 and max(broken) > 0:
        place = broken.index(max(broken))
        widths[place] += 1
        left -= 1
        broken[place] = _broken(columns[place], widths[place])
    return widths


def _broken(cells: Sequence[str], width: int) -> int:
    """How many lines more than of themselves the cells have in a column of this width."""
    return sum(_wrapped(cell, width).count("\n") - cell.count("\n") for cell in cells)


def _wrapped(cell: str, width: int) -> str:
    """A cell in lines of at most `width` characters, broken between words only."""
    from rich.cells import cell_len

    done = []
    for line in cell.split("\n"):
        current = ""
        for unit in _UNIT.findall(line):
            longer = f"{current} {unit}" if current else unit
            if current and cell_len(longer) > width:
                done.append(current)
                longer = unit
            current = longer
        done.append(current)
    return "\n".join(done)


def _key(rows: Sequence[Sequence[str]], least: Sequence[int], width: int) -> int:
    """How many of the first columns tell the rows apart, in most of the width; else 1."""
    for count in range(1, len(least)):
        if sum(least[:count]) + AROUND * count > 0.6 * width:
            break
        if len({tuple(row[:count]) for row in rows}) == len(rows):
            return count
    return 1


def _blocks(least: Sequence[int], width: int, key: int) -> Iterator[list[int]]:
    """The columns of each of the tables that a table becomes so that its words fit: the first
    `key` of them stand in each.
    """
    block = [*range(key)]
    for column in range(key, len(least)):
        taken = sum(least[place] + AROUND for place in [*block, column]) + 1
        if len(block) > key and taken > width:
            yield block
            block = [*range(key)]
        block.append(column)
    yield block
