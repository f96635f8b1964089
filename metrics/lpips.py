"""LPIPS: how far an image has moved from the baseline's image of the same noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sdd_bench.types import Definition, Features, Floats, Images, Metric

from . import _onnx


@dataclass(frozen=True, slots=True)
class FeatureDistance:
    """LPIPS without learned weights (Zhang et al., 2018, equation 1 with w = 1).

    Features of each layer are scaled to unit length over the channels; the squared differences
    are averaged over positions and added up over layers.
    """

    weight: str
    """Network that gives embeddings and then one map (N, c, h, w) per layer."""
    definitions: tuple[Definition, ...]

    def compare(self, images: Images, baseline: Images) -> Floats:
        """The distance of each pair, 0 for equal images."""
        left, right = (_onnx.outputs(self.weight, each)[1:] for each in (images, baseline))
        return unit_distance(left, right)


def unit_distance(left: Sequence[Features], right: Sequence[Features]) -> Floats:
    """Sum over layers of the mean squared distance between unit feature vectors, (N,)."""
    total = np.zeros(len(left[0]), dtype=np.float64)
    for a, b in zip(left, right, strict=True):
        total += ((_unit(a) - _unit(b)) ** 2).sum(axis=1).mean(axis=(1, 2))
    return total


def _unit(maps: Features) -> Floats:
    wide = maps.astype(np.float64)
    unit: Floats = wide / (np.linalg.norm(wide, axis=1, keepdims=True) + 1e-10)
    return unit


PLUGINS: tuple[Metric, ...] = (
    FeatureDistance(
        weight="miniature/judges/features.onnx",
        definitions=(
            Definition(
                name="lpips/miniature",
                better="lower",
                tolerance=0.02,
                source="Zhang et al., 2018, with unit weights over the miniature's feature network",
            ),
        ),
    ),
)
