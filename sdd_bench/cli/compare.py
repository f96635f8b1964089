"""`compare`: two methods on the same images."""

from __future__ import annotations

from pathlib import Path

import click

from sdd_bench.errors import InputError

from . import options, output


@click.command()
@click.argument("methods", nargs=-1, required=True, metavar="METHOD_A METHOD_B")
@click.option("--suite", "suites", multiple=True, help="Only on this suite. Repeatable.")
@click.option(
    "--definitions",
    "by_definition",
    is_flag=True,
    help="Instead: the rates of METHODs over thresholds, and how far their definitions agree.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "csv", "json"]),
    default="text",
    show_default=True,
)
@options.results
def compare(
    methods: tuple[str, ...],
    suites: tuple[str, ...],
    by_definition: bool,
    format_: str,
    results: Path,
) -> None:
    """METHOD_A against METHOD_B, paired by image: difference, 95 % interval, tests, a verdict.

    Where several runs are of one method, name them as their folders are: sd-02db21da36.
    """
    from sdd_bench.analysis import agreement, comparison
    from sdd_bench.runs import lookup

    runs = output.runs(results, suites)
    if by_definition:
        pages = agreement.pages(runs, methods)
    elif len(methods) == 2:
        pages = [comparison.page(comparison.frame(lookup.pairs(runs, *methods)))]
    else:
        raise InputError(f"compare takes two methods, not {len(methods)}: {', '.join(methods)}")
    output.show(pages, format_)
