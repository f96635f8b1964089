"""`ceiling`: how far apart unrelated pictures are."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from sdd_bench.errors import InputError

from . import options


@click.command()
@click.option("--suite", "suites", multiple=True, help="Only on this suite. Repeatable.")
@click.option(
    "--metric",
    "metrics",
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
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "latex", "csv", "json", "html"]),
    default="text",
    show_default=True,
)
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
    from sdd_bench import ceiling as measuring
    from sdd_bench import rendering, worlds
    from sdd_bench.results import find

    runs = [
        each
        for each in find(results)
        if not suites or worlds.goes_by(each.spec.suite, each.spec.model, suites)
    ]
    if not runs:
        on = f" on {', '.join(suites)}" if suites else ""
        raise InputError(f"no runs{on} in {results}: start with `sdd-bench run`")
    page = measuring.page(measuring.frame(runs, metrics, most=pairs, seed=seed))
    width = max(120, shutil.get_terminal_size()[0])
    click.echo(rendering.render(page, format_, width=width), nl=False)
