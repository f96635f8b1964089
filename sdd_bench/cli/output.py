"""What several commands show: tables as wide as the terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from sdd_bench.api.results import Result

WIDTH = 120
"""Characters that a table has at least, however narrow the terminal."""

PAPER_WIDTH = 160
"""Likewise a paper's table: its cells hold two values and a verdict."""


def show(result: Result, format_: str = "text", *, width: int = WIDTH) -> None:
    """Print a result, `width` characters wide or as wide as the terminal."""
    click.echo(result.render(format_, width=wide(width)), nl=False)


def wide(least: int = WIDTH) -> int:
    """The width of the terminal, at least `least` characters."""
    return max(least, shutil.get_terminal_size()[0])


def headed(*headings: str) -> Table:
    """An empty table with these headings."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def show_table(table: Table) -> None:
    """Print a table as wide as the terminal."""
    from rich.console import Console

    Console(width=wide(), highlight=False, markup=False, soft_wrap=False).print(table)
