"""KID: by hand, unbiased, and as clean-fid does."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.statistics import Z95
from sdd_bench.types import SetMetric
from support.images import cloud

kid = importlib.import_module("sdd_bench.metrics.kid")


def test_the_quantile_is_the_one_of_the_core() -> None:
    assert kid.Z95 == Z95


def test_kid_by_hand() -> None:
    # d = 1, x = (0, 1), y = (1, 2): k(0,1) = 1, k(1,2) = 27; between them 1, 1, 8 and 27.
    first, second = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert kid.squared_mmd(first, second) == pytest.approx(1 + 27 - 2 * (1 + 1 + 8 + 27) / 4)


def test_kid_is_clean_fids_on_one_subset() -> None:
    from cleanfid.fid import kernel_distance

    first, second = (cloud(40, 2048, seed) for seed in (1, 2))
    theirs = kernel_distance(first, second, num_subsets=1, max_subset_size=40)
    assert kid.squared_mmd(first, second) == pytest.approx(theirs, rel=1e-4)


def test_kid_draws_the_same_subsets_every_time_and_is_about_right() -> None:
    first, second = cloud(300, 16, 1), cloud(400, 16, 2)
    mean, deviation = kid.kid(first, second)
    assert (mean, deviation) == kid.kid(first, second)
    assert kid.subset_size(first, second) == 150
    whole = kid.squared_mmd(first, second[:300])
    assert mean == pytest.approx(whole, abs=3 * deviation)
    metric = registry.scan().definition("kid/miniature")[1]
    value, low, high = metric.interval(first, second)  # type: ignore[union-attr]
    assert value == pytest.approx(1000 * mean)
    # Half of the images are deleted each time, so the deviation is the standard error itself.
    assert high - value == pytest.approx(1959.964 * deviation, rel=1e-7)
    assert value - low == pytest.approx(high - value)


def test_kid_of_one_distribution_is_zero_on_average() -> None:
    rng = np.random.default_rng(5)
    draws = [rng.normal(size=(100, 8)).astype(np.float32) for _ in range(40)]
    values = [kid.squared_mmd(a, b) for a, b in zip(draws[::2], draws[1::2], strict=True)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(len(values))
    assert min(values) < 0  # unbiased: a square that was never clipped


def test_kid_of_three_images_is_unknown() -> None:
    metric = registry.scan().definition("kid/miniature")[1]
    assert isinstance(metric, SetMetric)
    assert math.isnan(metric.distance(cloud(3, 8, 1), cloud(9, 8, 1)))
