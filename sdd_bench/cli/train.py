"""`train`: checkpoints of trained methods."""

from __future__ import annotations

from typing import Any

import click

from . import options, values
from .completion import Listed
from .streams import say


@click.command()
@click.option(
    "--method",
    "methods",
    type=Listed("methods"),
    multiple=True,
    required=True,
    help="A method that is trained or edited, such as sdd or uce. Repeatable.",
)
@options.method_options
@click.option(
    "--curve",
    "suites",
    type=Listed("suites"),
    multiple=True,
    help="Afterwards score this suite with the weights on the way, student and teacher, and plot "
    "the scores against the iterations. Repeatable.",
)
@click.option(
    "--save-every", type=click.IntRange(min=1), help="Iterations.  [default: a tenth of all]"
)
@click.option(
    "--log", "log_to", type=Listed("trackers"), help="Also log to tensorboard, wandb or mlflow."
)
@click.option(
    "--gradient-checkpointing",
    is_flag=True,
    help="Less memory, more time; the result is the same.",
)
@options.image_options
@options.machine_options
@options.results
def train(methods: tuple[str, ...], suites: tuple[str, ...], **given: Any) -> None:
    """Train METHODs and stop after their checkpoints, with curves if asked for."""
    from sdd_bench.api import making

    result = making.train(methods, curves=suites, **values.with_columns(given))
    for name, path in result.checkpoints.items():
        say(f"{name}: {path}")
    for path in result.files:
        say(f"curve: {path}")
