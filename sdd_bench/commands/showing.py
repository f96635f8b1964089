"""`list`, and the text of runs that several commands print."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sdd_bench.results import Run


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
    return tables.render(
        tables.join(frames), format_, width=max(120, shutil.get_terminal_size()[0])
    )
