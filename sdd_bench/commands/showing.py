"""`table` and `list`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdd_bench.errors import InputError

from . import options

if TYPE_CHECKING:
    from sdd_bench.results import Run

FORMATS = ("text", "markdown", "latex", "csv", "json")


@click.command()
@click.argument("which", default="runs", type=click.Choice(["runs"]))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@options.results
def table(which: str, format_: str, results: Path) -> None:  # noqa: ARG001 - one table so far
    """Print everything that the results folder holds, with n and a 95 % interval in every cell."""
    from sdd_bench.results import find

    runs = find(results)
    if not runs:
        raise InputError(
            f"no runs in {results}: start with `sdd-bench run`, or name another --results"
        )
    click.echo(text(runs, format_), nl=False)


@click.command("list")
@click.argument("what", type=click.Choice(["concepts", "methods", "metrics", "models", "suites"]))
def list_(what: str) -> None:
    """List what there is, with a line about each."""
    from sdd_bench import listing

    for name, line in listing.LISTS[what]():
        click.echo(f"{name:28}{line}")
    for name, reason in listing.broken(what).items():
        click.echo(f"warning: {name} is unusable: {reason}", err=True)


def text(runs: Sequence[Run], format_: str, metrics: Sequence[str] = ()) -> str:
    """The table of these runs, of all their metrics or of those named."""
    from sdd_bench import tables
    from sdd_bench.benchmark import definitions_of

    frames = [tables.frame([each], definitions_of(each, metrics)) for each in runs]
    return tables.render(
        tables.join(frames), format_, width=max(120, shutil.get_terminal_size()[0])
    )
