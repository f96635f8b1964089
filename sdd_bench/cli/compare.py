"""`compare`: two methods on the same images."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, output
from .completion import Listed, Stored


@click.command()
@click.argument("methods", type=Stored(), nargs=-1, required=True, metavar="METHOD_A METHOD_B")
@click.option(
    "--suite",
    "suites",
    type=Listed("suites"),
    multiple=True,
    help="Only on this suite. Repeatable.",
)
@click.option(
    "--definitions",
    "by_definition",
    is_flag=True,
    help="Instead: the rates of METHODs over thresholds, and how far their definitions agree.",
)
@click.option(
    "--contrast",
    "contrasts",
    is_flag=True,
    help="Instead: what METHOD_B takes of targets, minus what it takes of their neighbours; of any "
    "number of methods after METHOD_A.",
)
@options.format_
@options.results
def compare(
    methods: tuple[str, ...],
    suites: tuple[str, ...],
    by_definition: bool,
    contrasts: bool,
    format_: str,
    results: Path,
) -> None:
    """METHOD_A against METHOD_B, paired by image: difference, 95 % interval, tests, a verdict.

    Where several runs are of one method, name them as their folders are: sd-02db21da36.
    """
    from sdd_bench.api import reading

    result = reading.compare(
        *methods,
        by_definition=by_definition,
        contrasts=contrasts,
        suites=suites,
        results=results,
    )
    output.show(result, format_)
