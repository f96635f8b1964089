"""`import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import options


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--suite",
    required=True,
    help="The prompts that the images are of: as for `run`.",
)
@click.option("--as", "name", required=True, help="What the tables call the method.")
@click.option(
    "--model",
    default="miniature",
    show_default=True,
    help="The model that the images are of, which decides about the metrics: as for `run`.",
)
@click.option(
    "--naming",
    help="rows (000012.png), cases (12_0.png) or texts (a cat_42.png).  [default: what most "
    "files fit]",
)
@click.option(
    "--images-per-prompt", type=click.IntRange(min=1), help="Instead of the suite's own number."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N prompts.")
@options.columns
@options.results
def import_(
    folder: Path, suite: str, name: str, model: str, naming: str | None, results: Path, **given: Any
) -> None:
    """Make a run of the images in FOLDER that somebody else generated; then `score` it."""
    from sdd_bench import models
    from sdd_bench.benchmark.request import Request, load_suite
    from sdd_bench.runs import filenames, importer

    columns = options.named_columns(given)
    limit, count = given["limit"], given["images_per_prompt"]
    spec = models.find(model)
    request = Request(
        methods=(), suites=(suite,), results=results, images_per_prompt=count, columns=columns
    )
    run, found = importer.import_images(
        folder,
        load_suite(suite, spec, request),
        name=name,
        model=spec.name,
        results=results,
        limit=limit,
        naming=naming,
        counted=count is not None,
    )
    of = filenames.NAMINGS[found.naming].description
    click.echo(f"{len(found.files)} files, named {of}", err=True)
    click.echo(f"{name} on {run.spec.suite}: {run.folder}")
