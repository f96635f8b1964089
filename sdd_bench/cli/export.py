"""`export`: stored results in the forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options
from .completion import Listed, Stored
from .streams import say


@click.command()
@click.argument("form", type=click.Choice(["dataset", "lm-eval", "model-card"]))
@click.argument("runs", type=Stored(), nargs=-1, metavar="[RUN]...")
@click.option(
    "--out",
    type=options.Place(path_type=Path),
    help="The file of a model card, or a new folder.  [default: model-card.md, lm-eval or dataset]",
)
@click.option(
    "--suite", "suites", type=Listed("suites"), multiple=True, help="Only this suite. Repeatable."
)
@options.results
def export(form: str, runs: tuple[str, ...], **given: Any) -> None:
    """Export results for other programs: evaluation results of a model card on the hub, files in
    the layout of lm-evaluation-harness, or a data set (`datasets`) of scores and pictures. RUN is a
    method, or the name of a run's folder; without any, all are exported.
    """
    from sdd_bench.api import exporting

    say(str(exporting.export(form, runs, **given)))
