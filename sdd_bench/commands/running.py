"""`run`, `train` and `score`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options, showing


@click.command()
@click.option(
    "--method",
    "methods",
    multiple=True,
    required=True,
    help="A name of `list methods`, or file.py:Name. Repeatable.",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    required=True,
    help="A name of `list suites`; a .csv, .json, .jsonl or .txt of prompts, or hub:OWNER/NAME; or "
    "NAME=FILE for a suite that is not shipped. Repeatable.",
)
@options.what
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Weights of the U-Net to run on instead of training: a file or folder of any tool.",
)
@click.option(
    "--rescale-warmup",
    is_flag=True,
    help="Scale a method's warm-up, meant for 50 steps, to the number of steps.",
)
@options.images
@options.how
@options.results
def run(results: Path, **given: Any) -> None:
    """Train, generate and score whatever is missing, then print the table of these runs."""
    from sdd_bench.benchmark import run as benchmark

    request = options.request(results, given)
    done = benchmark(request)
    click.echo(showing.text(done, "text", request.metrics))
    for each in done:
        click.echo(f"{each.spec.method} on {each.spec.suite}: {each.folder / 'images'}")


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
    from sdd_bench import curves, trained

    request = options.request(results, given)
    made = trained.train_all(
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


@click.command()
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    required=True,
    help="A name of `list metrics`, or of a metric file. Repeatable.",
)
def score(runs: tuple[Path, ...], metrics: tuple[str, ...]) -> None:
    """Score the images of RUNS (run folders) with other definitions; nothing is generated."""
    from sdd_bench.benchmark import rescore

    click.echo(showing.text(rescore(runs, metrics), "text", metrics))
