"""`matrix`: every artist removed, against the prompts of every artist."""

from __future__ import annotations

import shlex
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdd_bench.errors import MissingError

from . import kinds, options, output, values
from .streams import say

if TYPE_CHECKING:
    from sdd_bench.benchmark.request import Request


@click.command()
@options.matrix_options
@click.option(
    "--picture",
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="Also write one image per cell as PNG.",
)
@options.format_
@options.method_options
@options.image_options
@options.machine_options
@options.results
def matrix(
    method: str,
    suite: str,
    named: tuple[str, ...],
    picture: Path | None,
    nth: int,
    format_: str,
    **given: Any,
) -> None:
    """Rows: METHOD with each --concept removed (default: every group of the suite), below the
    undefended model. Columns: whose prompts. Reads stored runs; if some are missing, says with
    which commands to make them and ends with exit code 3.
    """
    from sdd_bench.api import reading

    rows = values.pairs(named, "--row", values.ROW)
    result = reading.matrix(
        method, suite=suite, rows=rows, picture=picture, nth=nth, **values.with_columns(given)
    )
    if result.pages:
        output.show(result, format_)
        if picture is not None:
            say(f"picture: {picture}", err=True)
    for removed, (what, request) in result.lacking.items():
        say(f"# {removed or 'undefended'}: {what}", err=True)
        say(command(request), err=True)
    if result.lacking:
        raise MissingError(
            f"{len(result.lacking)} of {result.rows} rows are not complete in {given['results']}: "
            "give the commands above, then this one again"
        )


def command(request: Request) -> str:
    """The `sdd-bench run` that asks for this, for a shell: only what differs from its defaults."""
    words = ["sdd-bench", "run"]
    plural = {"methods": "method", "suites": "suite", "concepts": "concept", "metrics": "metric"}
    columns = {"text": "prompt"}
    first = ("methods", "suites")
    for each in sorted(fields(request), key=lambda field: field.name not in first):
        value = getattr(request, each.name)
        if each.name in plural:
            words += [word for item in value for word in (f"--{plural[each.name]}", item)]
        elif each.name == "columns":
            for ours, name in value.items():
                words += [f"--{columns.get(ours, ours)}-column", name]
        elif each.name == "parameters":
            words += [word for item in value.items() for word in ("--set", "=".join(item))]
        elif each.default is MISSING or value != each.default:
            words += [f"--{each.name.replace('_', '-')}", str(value)]
    return shlex.join(words)
