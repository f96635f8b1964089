"""`figure`: stored runs as figures for papers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sdd_bench.figures.canvas import WIDTH

from . import kinds, options, values
from .completion import Listed, Stored
from .streams import say

_out = kinds.options(
    click.option(
        "--out",
        type=kinds.Place(dir_okay=False, path_type=Path),
        required=True,
        help="The file; its ending says the format: .pdf, .svg or .png.",
    ),
    click.option(
        "--width",
        type=float,
        default=WIDTH,
        show_default=True,
        help="Inches; one column of two is about 3.25.",
    ),
)
_reveal = click.option(
    "--reveal", is_flag=True, help="Show unsafe and unjudged pictures as they are, not blurred."
)
_suite = click.option(
    "--suite", type=Listed("suites"), required=True, help="The suite of the runs."
)
_suites = click.option(
    "--suite",
    "suites",
    type=Listed("suites"),
    multiple=True,
    help="Only runs on this suite. Repeatable.",
)


def _picked(prompts: int) -> Callable[..., Any]:
    """Which pictures are shown."""
    return kinds.options(
        click.option(
            "--prompts",
            type=click.IntRange(min=1),
            default=prompts,
            show_default=True,
            help="So many prompts, the first ones.",
        ),
        click.option(
            "--id", "ids", multiple=True, help="Instead the prompt with this id. Repeatable."
        ),
        click.option(
            "--images",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="So many pictures of each prompt.",
        ),
    )


@click.group()
def figure() -> None:
    """Draw stored runs for a paper: PDF, SVG or PNG, readable in grey. Needs matplotlib."""


@figure.command()
@click.argument("methods", type=Stored(), nargs=-1, required=True, metavar="METHOD...")
@_suite
@_picked(6)
@_reveal
@_out
@options.results
def grid(methods: tuple[str, ...], suite: str, **given: Any) -> None:
    """Pictures of the same noise: a row per METHOD (or folder of a run), a column per prompt."""
    from sdd_bench.api import drawing

    say(str(drawing.figure_grid(methods, suite, **given)))


@figure.command()
@options.matrix_options
@_reveal
@_out
@options.method_options
@options.image_options
@options.machine_options
@options.results
def matrix(method: str, named: tuple[str, ...], **given: Any) -> None:
    """The pictures of `sdd-bench matrix`: METHOD with each concept removed, against the prompts of
    all groups; below each the value of its cell.
    """
    from sdd_bench.api import drawing

    rows = values.pairs(named, "--row", values.ROW)
    say(str(drawing.figure_matrix(method, rows=rows, **values.with_columns(given))))


@figure.command()
@click.argument("method", type=Listed("methods"))
@_suite
@_picked(3)
@_reveal
@_out
@options.results
def training(method: str, suite: str, **given: Any) -> None:
    """Pictures along the training of METHOD, student and teacher: a column per iteration. Needs the
    runs of `sdd-bench train --curve`.
    """
    from sdd_bench.api import drawing

    say(str(drawing.figure_training(method, suite, **given)))


@figure.command()
@click.argument("methods", type=Stored(), nargs=-1, metavar="[METHOD]...")
@_suites
@click.option(
    "--metric",
    "metrics",
    type=Listed("metrics"),
    multiple=True,
    help="Only this definition. Repeatable.",
)
@_out
@options.results
def curve(methods: tuple[str, ...], **given: Any) -> None:
    """Scores along trainings with their intervals, as `sdd-bench train --curve` has stored them."""
    from sdd_bench.api import drawing

    say(str(drawing.figure_curve(methods, **given)))


@figure.command()
@click.argument("methods", type=Stored(), nargs=-1, metavar="[METHOD]...")
@click.option(
    "--removal",
    type=Listed("metrics"),
    help="The definition of what should be gone.  [default: the highest rate]",
)
@click.option(
    "--cost",
    "costs",
    type=Listed("metrics"),
    multiple=True,
    help="A definition of what that does to the rest, a panel each. Repeatable.  [default: FID, "
    "KID, CLIP score, LPIPS and style, as far as they are there]",
)
@_suites
@_out
@options.results
def tradeoff(methods: tuple[str, ...], **given: Any) -> None:
    """Removal against its costs: a point per METHOD, 95 % intervals in both directions."""
    from sdd_bench.api import drawing

    say(str(drawing.figure_tradeoff(methods, **given)))


@figure.command()
@click.argument("methods", type=Stored(), nargs=-1, metavar="[METHOD]...")
@_suite
@click.option("--metric", type=Listed("metrics"), help="The definition.  [default: the first rate]")
@_out
@options.results
def groups(methods: tuple[str, ...], **given: Any) -> None:
    """Bars with intervals by country, category or artist, as `table --by-group` has them."""
    from sdd_bench.api import drawing

    say(str(drawing.figure_groups(methods, **given)))
