"""What several commands show: tables as wide as the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sdd_bench.errors import printable

from .streams import write

if TYPE_CHECKING:
    from sdd_bench.api.results import Result

WIDTH = 120
"""Characters that a table has at least, however narrow the terminal."""

PAPER_WIDTH = 160
"""Likewise a paper's table: its cells hold two values and a verdict."""


def show(result: Result, format_: str = "text", *, width: int = WIDTH) -> None:
    """Print a result, `width` characters wide or as wide as the terminal."""
    write(result.render(format_, width=wide(width)))


def wide(least: int = WIDTH) -> int:
    """The width of the terminal, at least `least` characters."""
    return max(least, shutil.get_terminal_size()[0])


def show_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without lines, as wide as the terminal."""
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in header:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell, keep="\n")) for cell in row))
    console = Console(file=io.StringIO(), width=wide(), color_system=None)
    with console.capture() as capture:
        console.print(table)
    write(capture.get())
