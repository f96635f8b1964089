"""Folders of pictures as other tools name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sdd_bench.runs.importer import import_images
from sdd_bench.runs.run import Run
from sdd_bench.types import Pixels, Prompt, Suite

SEEDED = tuple(
    Prompt(id=f"{row:06d}", text=text, seed=seed)
    for row, (text, seed) in enumerate([("a cat", 7), (" a dog, red ", 8), ("a cat", 9)])
)
SUITE = Suite(name="toy", prompts=SEEDED, images_per_prompt=2, hash="0" * 16)
SINGLE = Suite(name="toy", prompts=SEEDED, images_per_prompt=1, hash="0" * 16)


def picture(number: int, side: int = 64) -> Pixels:
    """A picture like no other: noise whose first pixel is its number."""
    pixels = np.random.default_rng(number).integers(256, size=(side, side, 3), dtype=np.uint8)
    pixels[0, 0] = number
    return pixels


def fill(folder: Path, names: Sequence[str], side: int = 64) -> Path:
    """Picture 0, 1, ... under these names."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(number, side)).save(path)
    return folder


def numbers(run: Run) -> dict[str, int]:
    """Which picture is under which name in a run."""
    found = {}
    for path in sorted((run.folder / "images").iterdir()):
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            found[path.stem] = int(np.asarray(image)[0, 0, 0])
    return found


def make(folder: Path, suite: Suite = SUITE, **more: object) -> Run:
    options = {"name": "theirs", "model": "miniature", "results": folder.parent / "results"} | more
    return import_images(folder, suite, **options)[0]  # type: ignore[arg-type]


ALL = ("000000_0000", "000000_0001", "000001_0000", "000001_0001", "000002_0000", "000002_0001")


NAMES = {
    "rows": [f"{number:06d}.png" for number in range(6)],
    "cases": ["0_0.png", "0_1.png", "1_0.png", "1_1.png", "2_0.png", "2_1.png"],
}
