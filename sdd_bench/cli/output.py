"""What several commands show: the runs there are, and pages of tables."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdd_bench.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from sdd_bench.formats.page import Page
    from sdd_bench.runs.run import Run

WIDTH = 120
"""Characters that a table has at least, however narrow the terminal."""


def text(
    runs: Sequence[Run], format_: str, metrics: Sequence[str] = (), *, by_group: bool = False
) -> str:
    """The table of these runs, of all their metrics or of those named."""
    from sdd_bench.analysis import table
    from sdd_bench.scoring.definitions import definitions_of

    frames = [
        table.frame([each], definitions_of(each, metrics), by_group=by_group) for each in runs
    ]
    return table.render(table.join(frames), format_, width=wide(WIDTH))


def show(pages: Sequence[Page], format_: str, *, width: int = WIDTH) -> None:
    """Print pages of one table of numbers, `width` characters wide or as wide as the terminal."""
    from sdd_bench import formats

    if format_ in {"csv", "json"}:
        pages = pages[:1]  # they share their numbers
    shown = [formats.render(page, format_, width=wide(width)) for page in pages]
    click.echo("\n".join(shown), nl=False)


def wide(least: int) -> int:
    """The width of the terminal, at least `least` characters."""
    return max(least, shutil.get_terminal_size()[0])


def runs(results: Path, suites: Sequence[str] = ()) -> list[Run]:
    """The stored runs, or those on `suites`. Raises InputError if there are none."""
    from sdd_bench import models
    from sdd_bench.runs.lookup import find

    stored = find(results)
    found = [
        each
        for each in stored
        if not suites or models.matches_suite(each.spec.suite, each.spec.model, suites)
    ]
    if stored and not found:
        raise InputError(f"no runs on {', '.join(suites)} in {results}")
    if not found:
        raise InputError(
            f"no runs in {results}: start with `sdd-bench run`, or name another --results"
        )
    return found


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
    import shutil

    from rich.console import Console

    width = max(120, shutil.get_terminal_size().columns)
    Console(width=width, highlight=False, markup=False, soft_wrap=False).print(table)
