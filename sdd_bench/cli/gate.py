"""`gate`: the results held to a baseline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from sdd_bench.errors import SDDBenchError
from sdd_bench.gating.filters import FILTERS
from sdd_bench.gating.matching import PARTS

from . import kinds, options, output
from .streams import say

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable in which GitHub names the file that it shows on a job's page."""

COMMIT = "GITHUB_SHA"
"""The environment variable in which GitHub names the commit that a job is about."""


@click.command()
@click.option(
    "--baseline",
    "file",
    required=True,
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="What the results are held to: a file that --update has written.",
)
@click.option(
    "--only",
    "filters",
    multiple=True,
    metavar="KEY=PATTERN",
    help=f"Only what matches: {', '.join(FILTERS)}; such as suite=country_body. Repeatable.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(list(PARTS)),
    help="This part of a run's identity is meant to have changed. Repeatable.",
)
@click.option("--strict", is_flag=True, help="What the baseline doesn't know fails too.")
@click.option(
    "--junit",
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="Also write the outcome as JUnit XML.",
)
@click.option(
    "--summary",
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="Also write what failed or moved as Markdown, short enough for a comment.",
)
@click.option(
    "--report",
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="Also write a page: drift, history, and the images that flipped, blurred.",
)
@click.option(
    "--before",
    type=kinds.Place(file_okay=False, path_type=Path),
    help="The results that the baseline was made from: the page shows their pictures beside "
    "those of now.",
)
@click.option("--no-images", is_flag=True, help="A page of numbers only.")
@click.option("--update", is_flag=True, help="Write the baseline from the results.")
@click.option(
    "--record",
    is_flag=True,
    help="Add this gate to the history beside the baseline, as --update does.",
)
@click.option(
    "--commit",
    envvar=COMMIT,
    default="",
    help=f"What the history calls it by.  [default: the environment variable {COMMIT}]",
)
@options.results
def gate(
    file: Path, filters: tuple[str, ...], allowed: tuple[str, ...], no_images: bool, **given: Any
) -> None:
    """Fail (exit code 1) if the results have drifted from a baseline, in whatever direction.

    The rules are in docs/gate.md.
    """
    from sdd_bench.api import gating

    result = gating.gate(file, only=filters, allow=allowed, images=not no_images, **given)
    output.show(result)
    summary = os.environ.get(SUMMARY)
    if summary and result.pages:
        _summarise(Path(summary), result.render("markdown"))
    written = result.report.update
    if written is not None:
        say(str(written))
    elif not result.passes:
        raise click.exceptions.Exit(1)


def _summarise(file: Path, text: str) -> None:
    """Add the outcome to the job's page; that it cannot be shown there changes no verdict."""
    from sdd_bench import files

    try:
        files.append(file, text, f"the environment variable {SUMMARY}")
    except SDDBenchError as error:
        say(f"warning: the job's page does not show this: {error}", err=True)
