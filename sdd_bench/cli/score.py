"""`score`: stored images judged by other definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import kinds, options, output
from .completion import Listed
from .streams import write


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    type=kinds.Place(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--metric",
    "metrics",
    type=Listed("metrics"),
    multiple=True,
    required=True,
    help="A name of `list metrics`, or of a metric file. Repeatable.",
)
@click.option(
    "--reference",
    metavar="NAME",
    help="Compare sets with these real images, NAME-INSTRUMENT.safetensors among the weights' "
    "references.  [default: the suite's]",
)
@options.timeout
@options.log_to
def score(runs: tuple[Path, ...], metrics: tuple[str, ...], **given: Any) -> None:
    """Score the images of RUNS (run folders) with other definitions; nothing is generated."""
    from sdd_bench.api import making

    with output.shown_if_incomplete():
        result = making.score(runs, metrics, ends=True, **given)
    write(f"{result.render(width=output.wide())}\n")
