"""`export`: stored results, and weights, in the forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sdd_bench.errors import InputError

from . import kinds, options
from .completion import Listed, Stored
from .streams import say


@click.command()
@click.argument("form", type=click.Choice(["dataset", "diffusers", "lm-eval", "model-card"]))
@click.argument("runs", type=Stored(), nargs=-1, metavar="[RUN]...")
@click.option(
    "--out",
    type=kinds.Place(path_type=Path),
    help="The file of a model card, or a new folder.  [default: model-card.md, or a folder called "
    "like the form]",
)
@click.option(
    "--suite", "suites", type=Listed("suites"), multiple=True, help="Only this suite. Repeatable."
)
@options.results
@click.option(
    "--checkpoint",
    type=kinds.Place(path_type=Path),
    help="For diffusers: the weights, as `run --checkpoint` takes them.",
)
@options.checkpoint_strength
@options.model
def export(form: str, runs: tuple[str, ...], **given: Any) -> None:
    """Export results for other programs: evaluation results of a model card on the hub, files in
    the layout of lm-evaluation-harness, or a data set (`datasets`) of scores and pictures. RUN is a
    method, or the name of a run's folder; without any, all are exported. The form diffusers is the
    model with the weights of --checkpoint, as a folder of diffusers.
    """
    from sdd_bench.api import exporting

    of_weights = {key: given.pop(key) for key in ("checkpoint", "checkpoint_strength", "model")}
    if form != "diffusers":
        if of_weights["checkpoint"] is not None or of_weights["checkpoint_strength"] is not None:
            raise InputError(f"--checkpoint is exported as diffusers, and not as {form}")
        say(str(exporting.export(form, runs, **given)))
        return
    if runs or given["suites"]:
        raise InputError("diffusers is a form of weights, not of runs: give --checkpoint alone")
    if of_weights["checkpoint"] is None:
        raise InputError("give --checkpoint: the weights that are exported")
    path = exporting.export_weights(
        of_weights["checkpoint"],
        model=of_weights["model"],
        strength=of_weights["checkpoint_strength"],
        out=given["out"],
    )
    say(str(path))
