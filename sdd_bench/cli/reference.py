"""`reference`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from . import kinds
from .completion import Listed
from .streams import say


@click.command()
@click.option(
    "--images",
    required=True,
    type=kinds.Place(exists=True, file_okay=False, path_type=Path),
    help="Folder of the real images, with those below it.",
)
@click.option(
    "--out",
    required=True,
    type=kinds.Place(dir_okay=False, path_type=Path),
    help="The file to write, such as references/coco30k-clean.safetensors among the weights.",
)
@click.option(
    "--metric",
    type=Listed("metrics"),
    default="fid/clean",
    show_default=True,
    help="Whose features are taken; kid/clean reads those of fid/clean.",
)
@click.option(
    "--crop",
    type=click.Choice(["centre", "none"]),
    default="centre",
    show_default=True,
    help="To the biggest square first, as generated images are; otherwise they are squashed.",
)
@click.option(
    "--ids",
    type=kinds.Place(exists=True, dir_okay=False, path_type=Path),
    help="Only the images of the column `image_id` of this CSV, such as coco_30k.csv.",
)
@click.option(
    "--compare-with",
    type=click.IntRange(min=2),
    help="How many images a run must have to be compared.  [default: as many as these]",
)
def reference(
    images: Path,
    out: Path,
    metric: str,
    crop: Literal["centre", "none"],
    ids: Path | None,
    compare_with: int | None,
) -> None:
    """Write the statistics of real images that set metrics compare with (fid, kid)."""
    from sdd_bench.api import making

    about = making.reference(
        images, out, metric=metric, crop=crop, ids=ids, compare_with=compare_with
    )
    say(
        f"{out}: {about['count']} images, crop {about['crop']}, SHA-256 of the images "
        f"{about['images']}"
    )
