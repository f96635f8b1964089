"""`train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options


@click.command()
@click.option(
    "--method",
    "methods",
    multiple=True,
    required=True,
    help="A method that is trained, such as sdd or esd-x-3. Repeatable.",
)
@options.what
@click.option(
    "--curve",
    "suites",
    multiple=True,
    help="Afterwards score this suite with the weights on the way, student and teacher, and plot "
    "the scores against the iterations. Repeatable.",
)
@click.option(
    "--save-every", type=click.IntRange(min=1), help="Iterations.  [default: a tenth of all]"
)
@click.option("--log", "log_to", help="Also log to tensorboard, wandb or mlflow.")
@click.option(
    "--gradient-checkpointing",
    is_flag=True,
    help="Less memory, more time; the result is the same.",
)
@options.images
@options.how
@options.results
def train(
    results: Path,
    save_every: int | None,
    log_to: str | None,
    gradient_checkpointing: bool,
    **given: Any,
) -> None:
    """Train METHODs and stop after their checkpoints, with curves if asked for."""
    from sdd_bench.analysis import curves
    from sdd_bench.benchmark import trainer

    request = options.request(results, given)
    made = trainer.train_all(
        request,
        save_every=save_every,
        log_to=log_to,
        gradient_checkpointing=gradient_checkpointing,
    )
    for chosen, path in made:
        click.echo(f"{chosen.name}: {path}")
    if request.suites:
        name = "+".join(chosen.name for chosen, _ in made)
        for path in curves.save(curves.measure(request, made), results / "curves" / name):
            click.echo(f"curve: {path}")
