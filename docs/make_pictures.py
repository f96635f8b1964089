"""Lay out the pictures of the documentation from the runs that `make demo` leaves in `results/`.

python docs/make_pictures.py [--results results]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from sdd_bench.miniature.renderer.draw import SIDE, draw
from sdd_bench.miniature.renderer.examples import example
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run

IMAGES = Path(__file__).parent / "images"
SCALE = 2
GAP = 4


def sheet(pictures: Sequence[Image.Image], columns: int, name: str) -> None:
    """Save a grid of pictures, enlarged without smoothing."""
    step = SIDE * SCALE + GAP
    rows = -(-len(pictures) // columns)
    grid = Image.new("RGB", (columns * step - GAP, rows * step - GAP), "white")
    for index, picture in enumerate(pictures):
        enlarged = picture.resize((SIDE * SCALE,) * 2, Image.Resampling.NEAREST)
        grid.paste(enlarged, (index % columns * step, index // columns * step))
    IMAGES.mkdir(exist_ok=True)
    grid.save(IMAGES / name, optimize=True)


def pictures_of(run: Run, count: int) -> list[Image.Image]:
    """The first image of each of the first `count` prompts of a run."""
    first = [sample for sample in run.samples() if sample.k == 0]
    return [Image.fromarray(run.load_image(sample)[0]) for sample in first[:count]]


def main() -> None:
    """Write all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    runs = {(r.spec.suite, r.spec.method): r for r in lookup.find(parser.parse_args().results)}
    above, below = (pictures_of(runs["country_body", name], 12) for name in ("sd", "sd-neg"))
    sheet([*above, *below], 12, "demo.png")
    sheet(pictures_of(runs["miniature/coco30k", "sd"], 40), 10, "contact_sheet.png")
    sheet([draw(example("docs", index).scene) for index in range(40)], 10, "renders.png")


if __name__ == "__main__":
    main()
