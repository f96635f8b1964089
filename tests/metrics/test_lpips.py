"""LPIPS: by hand, and the package's arithmetic."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.types import Features, Images, PairMetric
from sdd_bench.weights import store

lpips = importlib.import_module("sdd_bench.metrics.lpips")

WEIGHT = "miniature/judges/features.onnx"


def test_lpips_by_hand() -> None:
    # One image, two channels, two positions: (3, 4) and (1, 0) against (4, 3) and (0, 2), which
    # are (.6, .8), (1, 0), (.8, .6) and (0, 1) at unit length: the mean of .08 and 2.
    left = np.array([[[[3, 1]], [[4, 0]]]], dtype=np.float32)
    right = np.array([[[[4, 0]], [[3, 2]]]], dtype=np.float32)
    assert lpips.unit_distance([left], [right]) == pytest.approx(1.04)
    # A layer of one channel knows only signs; nothing at all is at distance 1 of something.
    signs = np.array([[[[2.0, -1.0, 0.0]]]], dtype=np.float32)
    ones = np.ones((1, 1, 1, 3), dtype=np.float32)
    assert lpips.unit_distance([signs], [ones]) == pytest.approx((0 + 4 + 1) / 3)
    assert lpips.unit_distance([left, signs], [right, ones]) == pytest.approx(1.04 + 5 / 3)


def maps(seed: int) -> list[Features]:
    """Feature maps as they come: after a ReLU, so with many zeros."""
    rng = np.random.default_rng(seed)
    shapes = ((3, 24, 8, 8), (3, 48, 4, 4))
    return [rng.normal(size=shape).clip(min=0).astype(np.float32) for shape in shapes]


def test_lpips_of_equal_images_is_zero() -> None:
    assert lpips.unit_distance(maps(1), maps(1)).tolist() == [0, 0, 0]


def test_lpips_is_the_packages_arithmetic_with_unit_weights() -> None:
    import torch
    from lpips import normalize_tensor, spatial_average

    expected = torch.zeros(3, dtype=torch.float64)
    for left, right in zip(maps(1), maps(2), strict=True):
        a, b = (normalize_tensor(torch.from_numpy(each).double()) for each in (left, right))
        squares = ((a - b) ** 2).sum(dim=1, keepdim=True)
        expected += spatial_average(squares).flatten()
    found = lpips.unit_distance(maps(1), maps(2))
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-12)
    assert min(found) > 0.5


def test_the_miniatures_distance_is_over_all_layers_of_its_network() -> None:
    import onnxruntime

    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 256, (2, 4, 64, 64, 3), dtype=np.uint8)
    network = onnxruntime.InferenceSession(str(store.find(WEIGHT)))
    (taken,) = (each.name for each in network.get_inputs())
    sides = [network.run(None, {taken: (each / np.float32(255))})[1:] for each in pictures]
    assert [len(side) for side in sides] == [4, 4]
    metric = registry.scan().definition("lpips/miniature")[1]
    assert isinstance(metric, PairMetric)
    ours, theirs = (Images(pixels=each, captions=("",) * 4) for each in pictures)
    expected = lpips.unit_distance(*sides)
    assert metric.compare(ours, theirs) == pytest.approx(expected, rel=1e-5)
