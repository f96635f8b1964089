"""`list`, and what several commands show: the runs there are, and pages of tables."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdd_bench.errors import InputError

if TYPE_CHECKING:
    from sdd_bench.rendering import Page
    from sdd_bench.results import Run

WIDTH = 120
"""Characters that a table has at least, however narrow the terminal."""


@click.command("list")
@click.argument("what", type=click.Choice(["concepts", "methods", "metrics", "models", "suites"]))
def list_(what: str) -> None:
    """List what there is, with a line about each."""
    from sdd_bench import listing

    for name, line in listing.LISTS[what]():
        click.echo(f"{name:27} {line}")
    for name, reason in listing.broken(what).items():
        click.echo(f"warning: {name} is unusable: {reason}", err=True)


def text(
    runs: Sequence[Run], format_: str, metrics: Sequence[str] = (), *, by_group: bool = False
) -> str:
    """The table of these runs, of all their metrics or of those named."""
    from sdd_bench import tables
    from sdd_bench.request import definitions_of

    frames = [
        tables.frame([each], definitions_of(each, metrics), by_group=by_group) for each in runs
    ]
    return tables.render(tables.join(frames), format_, width=_wide(WIDTH))


def show(pages: Sequence[Page], format_: str, *, width: int = WIDTH) -> None:
    """Print pages of one table of numbers, `width` characters wide or as wide as the terminal."""
    from sdd_bench import rendering

    if format_ in {"csv", "json"}:
        pages = pages[:1]  # they share their numbers
    shown = [rendering.render(page, format_, width=_wide(width)) for page in pages]
    click.echo("\n".join(shown), nl=False)


def _wide(least: int) -> int:
    return max(least, shutil.get_terminal_size()[0])


def runs(results: Path, suites: Sequence[str] = ()) -> list[Run]:
    """The stored runs, or those on `suites`. Raises InputError if there are none."""
    from sdd_bench import worlds
    from sdd_bench.results import find

    stored = find(results)
    found = [
        each
        for each in stored
        if not suites or worlds.goes_by(each.spec.suite, each.spec.model, suites)
    ]
    if stored and not found:
        raise InputError(f"no runs on {', '.join(suites)} in {results}")
    if not found:
        raise InputError(
            f"no runs in {results}: start with `sdd-bench run`, or name another --results"
        )
    return found
