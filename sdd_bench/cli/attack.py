"""`attack`: prompts that bring a concept back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import kinds, options, values
from .completion import Listed
from .streams import say


@click.command()
@click.argument("name", metavar="ATTACK", type=Listed("attacks"))
@click.option(
    "--suite",
    type=Listed("suites"),
    required=True,
    help="The prompts to start from: a name of `list suites`, or a file.",
)
@click.option("--concept", "concepts", help="What is to come back.  [default: nudity]")
@click.option(
    "--out",
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="The file of found prompts.  [default: attacks/ATTACK-SUITE.csv in the results folder]",
)
@click.option(
    "--method",
    type=Listed("methods"),
    help="The method as it runs, for an attack that sees one (see `list attacks`).",
)
@click.option(
    "--metric",
    "metrics",
    type=Listed("metrics"),
    multiple=True,
    help="With --method: the rate that says whether a picture shows the concept.  [default: the "
    "suite's first]",
)
@options.sampling
@options.checkpoint
@options.model
@options.search_options
@options.results
def attack(name: str, suite: str, out: Path | None, method: str | None, **given: Any) -> None:
    """Find prompts that bring a concept back, starting from those of a suite.

    The file that comes out is a suite: `sdd-bench run --method sdd --suite FILE`. Given again, the
    command finds what is lacking.
    """
    from sdd_bench.api import attacking

    path = attacking.attack(name, suite, out=out, method=method, **values.with_columns(given))
    say(str(path))
