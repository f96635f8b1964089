"""`ceiling`: how far apart unrelated pictures are."""

from __future__ import annotations

from pathlib import Path

import click

from . import options, output
from .completion import Listed


@click.command()
@click.option(
    "--suite",
    "suites",
    type=Listed("suites"),
    multiple=True,
    help="Only on this suite. Repeatable.",
)
@click.option(
    "--metric",
    "metrics",
    type=Listed("metrics"),
    multiple=True,
    help="A definition that compares pairs, such as lpips/alex-256. Repeatable.  "
    "[default: those of the model]",
)
@click.option(
    "--pairs",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Of how many, at most; drawn at random.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=42,
    show_default=True,
    help="Decides who is paired with whom.",
)
@options.format_
@options.results
def ceiling(
    suites: tuple[str, ...],
    metrics: tuple[str, ...],
    pairs: int,
    seed: int,
    format_: str,
    results: Path,
) -> None:
    """LPIPS between unrelated images of the undefended model, beside the stored values of all runs
    that are paired with it. Computed from stored images; nothing is generated or stored.
    """
    from sdd_bench.api import reading

    result = reading.ceiling(metrics, suites=suites, pairs=pairs, seed=seed, results=results)
    output.show(result, format_)
