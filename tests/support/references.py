"""Real images in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from sdd_bench.types import Pixels

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
