"""The real images of the stand-in for COCO, as the file of features that set metrics compare with.

``python -m sdd_bench.miniature.reference --weights FOLDER`` writes that file into the miniature in
a folder, and its hash into the manifest. With ``--images FOLDER`` the images themselves are drawn,
for `sdd-bench reference` with another metric.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from PIL import Image

from sdd_bench import registry
from sdd_bench.progress import progress
from sdd_bench.scoring import references
from sdd_bench.types import SetMetric

from . import standins
from .export import manifest

METRIC = "fid/miniature"
"""Whose features are kept; others over the same network read the same file."""

NAME = "renders"
"""As the suite's `reference` calls it after the name of the weights: `miniature/renders`."""


def draw(folder: Path) -> list[Path]:
    """The files of the images in `folder`, called by the ids of their captions."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for (key, _, _), pixels in zip(standins.captions(), standins.renders(), strict=True):
        # Not compressed: their hash is part of the file, and compressors differ by their version.
        paths.append(folder / f"{key}.ppm")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def write(weights: Path) -> Path:
    """The file of features in a folder of the miniature's weights, and its line in their manifest.

    To be called where no network of another build has been loaded: each is loaded once.
    """
    os.environ["SDD_BENCH_MINIATURE"] = str(weights.resolve())
    metric = registry.scan().definition(METRIC)[1]
    assert isinstance(metric, SetMetric)
    out = weights / "references" / f"{NAME}-{references.instrument(metric)}.safetensors"
    with (
        tempfile.TemporaryDirectory() as folder,
        progress("features of the renders", standins.CAPTIONS) as advance,
    ):
        # Any number: runs of the miniature are compared with one another, and mostly small.
        references.write(
            metric,
            draw(Path(folder)),
            out,
            crop="none",
            compare_with=references.ANY,
            advance=advance,
        )
    manifest(weights)
    return out


def main(arguments: list[str] | None = None) -> None:
    """The file of features, or the images that it is made of."""
    parser = argparse.ArgumentParser(
        prog="python -m sdd_bench.miniature.reference", description=__doc__
    )
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--weights", type=Path, help="folder of the miniature's weights")
    kinds.add_argument("--images", type=Path, help="folder for the images")
    options = parser.parse_args(arguments)
    if options.weights:
        write(options.weights)
    else:
        draw(options.images)


if __name__ == "__main__":
    main()
