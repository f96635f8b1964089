"""KID: by hand, unbiased, and as clean-fid does."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.statistics import Z95
from sdd_bench.types import Features, SetMetric
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


def test_a_subset_has_no_image_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[tuple[int, int]] = []
    values = iter(range(kid.SUBSETS))

    def estimate(first: Features, second: Features) -> float:
        sides.append((len(np.unique(first)), len(np.unique(second))))
        return float(next(values))

    monkeypatch.setattr(kid, "squared_mmd", estimate)
    rows = np.arange(60, dtype=np.float32)[:, None]
    mean, deviation = kid.kid(rows, rows[:40])
    assert set(sides) == {(20, 20)}
    # 0, 1, ... of n: the mean is (n - 1) / 2 and the unbiased variance n (n + 1) / 12.
    assert mean == (kid.SUBSETS - 1) / 2
    assert deviation == pytest.approx(math.sqrt(kid.SUBSETS * (kid.SUBSETS + 1) / 12))


def test_the_size_of_a_subset() -> None:
    sizes = {(4, 9): 2, (9, 5): 2, (2000, 2000): 1000, (5000, 6000): 1000, (5000, 900): 450}
    for (ours, theirs), size in sizes.items():
        assert kid.subset_size(np.zeros((ours, 1)), np.zeros((theirs, 1))) == size
        assert isinstance(kid.subset_size(np.zeros((ours, 1)), np.zeros((theirs, 1))), int)


def test_kid_of_the_package_is_in_thousandths_and_knows_its_error() -> None:
    first, second = cloud(300, 16, 1), cloud(200, 16, 2)
    mean, deviation = kid.kid(first, second)
    metric = registry.scan().definition("kid/miniature")[1]
    assert isinstance(metric, SetMetric)
    assert metric.distance(first, second) == pytest.approx(1000 * mean)
    _, _, high = metric.interval(first, second)  # type: ignore[attr-defined]
    # A hundred of three hundred are kept: the variance is that over subsets times 100 / 200.
    assert high - 1000 * mean == pytest.approx(1959.964 * deviation * math.sqrt(0.5), rel=1e-7)


def test_kid_of_four_images_is_known() -> None:
    assert not math.isnan(kid.kid(cloud(4, 8, 1), cloud(4, 8, 2))[0])


def test_kid_of_three_images_is_unknown() -> None:
    metric = registry.scan().definition("kid/miniature")[1]
    assert isinstance(metric, SetMetric)
    assert math.isnan(metric.distance(cloud(3, 8, 1), cloud(9, 8, 1)))
