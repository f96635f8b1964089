"""`matrix`: every artist removed, against the prompts of every artist."""

from __future__ import annotations

import shlex
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdd_bench.errors import InputError, MissingError

from . import options, output

if TYPE_CHECKING:
    from sdd_bench.benchmark.request import Request


@click.command()
@click.option("--method", required=True, help="The method whose removals are shown.")
@click.option(
    "--suite",
    default="artists",
    show_default=True,
    help="Prompts with groups: a name of `list suites`, or whatever `run` takes.",
)
@click.option(
    "--row",
    "named",
    multiple=True,
    metavar="CONCEPT=RUN",
    help="The folder name of a run that doesn't say itself what it removes, such as one with "
    "--checkpoint. Repeatable.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write one image per cell as PNG.",
)
@click.option(
    "--nth",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which prompt of each group the picture shows.",
)
@options.format_
@options.what
@options.images
@options.how
@options.results
def matrix(
    method: str,
    suite: str,
    named: tuple[str, ...],
    picture: Path | None,
    nth: int,
    format_: str,
    results: Path,
    **given: Any,
) -> None:
    """Rows: METHOD with each --concept removed (default: every group of the suite), below the
    undefended model. Columns: whose prompts. Reads stored runs; if some are missing, says with
    which commands to make them and ends with exit code 3.
    """
    from sdd_bench.analysis import matrix as crossing
    from sdd_bench.analysis import matrix_rows

    request = options.request(results, {**given, "methods": (method,), "suites": (suite,)})
    prompts = matrix_rows.suite_of(request)
    wanted = matrix_rows.definitions(request, prompts)
    rows = matrix_rows.rows(request, prompts, dict(map(_pair, named)))
    lacking = {row.removed: row for row in rows if row.lacks(wanted)}
    if any(len(row.scores()) for row in rows):
        tidy = crossing.frame(rows, wanted, prompts)
        output.show(crossing.pages(tidy), format_)
        if picture is not None:
            from sdd_bench.analysis import matrix_image

            matrix_image.save(picture, rows, prompts, tidy, number=nth)
            click.echo(f"picture: {picture}", err=True)
    for row in lacking.values():
        click.echo(f"# {row.removed or 'undefended'}: {row.lacks(wanted)}", err=True)
        click.echo(command(row.request), err=True)
    if lacking:
        raise MissingError(
            f"{len(lacking)} of {len(rows)} rows are not complete in {results}: give the commands "
            "above, then this one again"
        )


def _pair(text: str) -> tuple[str, str]:
    concept, equals, run = text.partition("=")
    if not (concept and equals and run):
        raise InputError(f"--row {text}: give CONCEPT=RUN, such as monet=esd-x-3-02db21da36")
    return concept, run


def command(request: Request) -> str:
    """The `sdd-bench run` that asks for this, for a shell: only what differs from its defaults."""
    words = ["sdd-bench", "run"]
    plural = {"methods": "method", "suites": "suite", "concepts": "concept", "metrics": "metric"}
    columns = {"text": "prompt"}
    for each in fields(request):
        value = getattr(request, each.name)
        if each.name in plural:
            words += [word for item in value for word in (f"--{plural[each.name]}", item)]
        elif each.name == "columns":
            for ours, name in value.items():
                words += [f"--{columns.get(ours, ours)}-column", name]
        elif each.default is MISSING or value != each.default:
            words += [f"--{each.name.replace('_', '-')}", str(value)]
    return shlex.join(words)
