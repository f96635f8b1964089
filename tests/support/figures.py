"""Figures, and what is drawn in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from sdd_bench.types import Pixels

HEADS = {".pdf": b"%PDF-", ".png": b"\x89PNG", ".svg": b"<?xml"}
"""How a file of each format begins."""


def pixels(path: Path) -> Pixels:
    """A PNG as it looks."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
