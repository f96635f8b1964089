"""Pictures of noise, and clouds of features."""

from __future__ import annotations

import math

import numpy as np

from sdd_bench.types import Features, Images, Pixels


def pictures(count: int, side: int = 64, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(count, side, side, 3), dtype=np.uint8)


def batch(pixels: Pixels, *captions: str) -> Images:
    return Images(pixels=pixels, captions=captions or ("a red apple",) * len(pixels))


def cloud(count: int, width: int, seed: int) -> Features:
    """Correlated features away from zero."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) / math.sqrt(width)
    return (rng.normal(size=(count, width)) @ mixing + rng.normal(size=width)).astype(np.float32)
