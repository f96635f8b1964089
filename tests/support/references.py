"""Real images in a folder, and the file of their features."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from sdd_bench.scoring import references
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import Pixels
from support.scoring import random_image
from support.toys import Means

IMAGES = {
    "b/COCO_val2014_000000000042.jpg": (120, 80),
    "b/COCO_val2014_000000000073.jpg": (80, 80),
    "a/COCO_val2014_000000000139.png": (64, 100),
    "a/COCO_val2014_000000000164.PNG": (64, 100),
}


def pixels(width: int, height: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def real_images(root: Path) -> Path:
    """Four images among other files; three are RGB, one is grey."""
    for seed, (name, size) in enumerate(IMAGES.items()):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels(*size, seed))
        (image.convert("L") if seed == 2 else image).save(root / name, quality=100)
    (root / "a" / "captions.txt").write_text("no image")
    return root


OF_MEANS = ("sure", "wrong")
"""The toys that share the features of `Means`, or never look at them."""

REAL = [random_image(seed) for seed in range(5000, 5070)]


def reference_file(folder: Path, key: str) -> RealImages:
    """The features of REAL as a suite's reference of that name, among the weights in `folder`."""
    paths = []
    for number, image in enumerate(REAL):
        paths.append(folder / key / f"{number}.png")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(paths[-1])
    out = folder / "weights" / "references" / f"{key}-means.safetensors"
    references.write(
        Means(), paths, out, crop="none", compare_with=references.ANY, advance=lambda _: None
    )
    for name in OF_MEANS:
        shutil.copy(out, out.with_name(f"{key}-{name}.safetensors"))
    return RealImages(key)
