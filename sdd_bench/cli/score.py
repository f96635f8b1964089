"""`score`: stored images judged by other definitions."""

from __future__ import annotations

from pathlib import Path

import click

from . import output
from .streams import write


@click.command()
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    required=True,
    help="A name of `list metrics`, or of a metric file. Repeatable.",
)
def score(runs: tuple[Path, ...], metrics: tuple[str, ...]) -> None:
    """Score the images of RUNS (run folders) with other definitions; nothing is generated."""
    from sdd_bench.api import making

    write(f"{making.score(runs, metrics).render(width=output.wide())}\n")
