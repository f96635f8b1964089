"""`import`: images that somebody else generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import kinds, options, values
from .completion import Listed
from .streams import say


@click.command("import")
@click.argument("folder", type=kinds.Place(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--suite",
    type=Listed("suites"),
    help="The prompts that the images are of: as for `run`. Without it they are not known, and "
    "metrics that read none judge the images.",
)
@click.option("--as", "name", required=True, help="What the tables call the method.")
@click.option(
    "--model",
    type=Listed("models"),
    default=options.DEFAULTS["model"],
    show_default=True,
    help="The model that the images are of, which decides about the metrics: as for `run`.",
)
@click.option(
    "--naming",
    help="rows (000012.png), cases (12_0.png) or texts (a cat_42.png).  [default: what most "
    "files fit]",
)
@click.option(
    "--images-per-prompt",
    type=kinds.whole("images_per_prompt"),
    help="Instead of the suite's own number.",
)
@click.option("--limit", type=kinds.whole("limit"), help="Only the first N prompts.")
@options.columns
@options.results
def import_(folder: Path, suite: str | None, name: str, naming: str | None, **given: Any) -> None:
    """Make a run of the images in FOLDER that somebody else generated; then `score` it."""
    from sdd_bench.api import making

    result = making.import_images(folder, suite, name, naming=naming, **values.with_columns(given))
    say(f"{result.files} files, named {result.naming}", err=True)
    for run in result.runs:
        say(f"{name} on {run.spec.suite}: {run.folder}")
