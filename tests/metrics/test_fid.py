"""FID: by hand, by other ways to compute it, and as clean-fid does."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
import scipy.linalg

from sdd_bench import registry
from sdd_bench.types import Features, SetMetric
from support.images import cloud

fid = importlib.import_module("sdd_bench.metrics.fid")


def by_matrix_root(first: Features, second: Features) -> float:
    """The distance as it is usually computed."""
    (mean1, cov1), (mean2, cov2) = (
        (each.mean(axis=0), np.cov(each, rowvar=False))
        for each in (first.astype(np.float64), second.astype(np.float64))
    )
    root = scipy.linalg.sqrtm(cov1 @ cov2)
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * root.real))


def by_singular_values(first: Features, second: Features) -> float:
    """The same without any root: tr (S1 S2)^(1/2) is the nuclear norm of A B^T."""
    (mean1, a), (mean2, b) = (
        (each.mean(axis=0), (each - each.mean(axis=0)) / math.sqrt(len(each) - 1))
        for each in (first.astype(np.float64), second.astype(np.float64))
    )
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(((mean1 - mean2) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * cross)


def distance(first: Features, second: Features) -> float:
    value: float = fid.frechet_distance(*fid.moments(first), *fid.moments(second))
    return value


@pytest.mark.parametrize(
    ("mean1", "deviation1", "mean2", "deviation2", "expected"),
    [(0, 1, 0, 1, 0), (1, 2, 4, 2, 9), (0, 1, 0, 3, 4), (-1, 0.5, 2, 2, 11.25), (5, 0, 5, 2, 4)],
)
def test_gaussians_on_a_line(
    mean1: float, deviation1: float, mean2: float, deviation2: float, expected: float
) -> None:
    # The squared differences of the means and of the deviations.
    found = fid.frechet_distance(
        np.array([float(mean1)]), np.array([[deviation1**2.0]]),
        np.array([float(mean2)]), np.array([[deviation2**2.0]]),
    )  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-12)


def test_diagonal_covariances_by_hand() -> None:
    # |(3, 4)|^2 + (1 - 3)^2 + (2 - 4)^2 = 25 + 4 + 4
    found = fid.frechet_distance(
        np.zeros(2), np.diag([1.0, 4.0]), np.array([3.0, 4.0]), np.diag([9.0, 16.0])
    )
    assert found == pytest.approx(33, abs=1e-12)


def test_moments_by_hand() -> None:
    mean, covariance = fid.moments(np.array([[0, 2], [2, 2], [4, 8]], dtype=np.float32))
    assert mean.tolist() == [2, 4]
    assert covariance.tolist() == [[4, 6], [6, 12]]  # divisor N - 1


def test_one_feature_is_enough() -> None:
    first = np.array([[0.0], [2.0]], dtype=np.float32)  # mean 1, variance 2
    second = np.array([[3.0], [7.0]], dtype=np.float32)  # mean 5, variance 8
    assert distance(first, second) == pytest.approx(16 + (math.sqrt(8) - math.sqrt(2)) ** 2)


@pytest.mark.parametrize("count", [2000, 40, 5])
def test_identical_sets_are_at_distance_zero(count: int) -> None:
    features = cloud(count, 64, seed=1)
    assert distance(features, features) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("count", [2000, 40])
def test_the_distance_agrees_with_other_ways_to_compute_it(count: int) -> None:
    first, second = cloud(count, 64, seed=1), cloud(count + 3, 64, seed=2)
    assert distance(first, second) == pytest.approx(by_matrix_root(first, second), abs=1e-6)
    assert distance(first, second) == pytest.approx(by_singular_values(first, second), abs=1e-9)
    assert distance(first, second) == pytest.approx(distance(second, first), abs=1e-9)


@pytest.mark.parametrize(("few", "many"), [(20, 30), (20, 300), (63, 64)])
def test_fewer_images_than_features_take_the_short_way(few: int, many: int) -> None:
    first, second = cloud(few, 64, seed=1), cloud(many, 64, seed=2)
    for pair in ((first, second), (second, first)):
        assert fid.distance(*pair) == pytest.approx(by_singular_values(*pair), abs=1e-9)
        assert fid.distance(*pair) == pytest.approx(distance(*pair), abs=1e-9)


def test_the_distance_is_clean_fids() -> None:
    from cleanfid.fid import frechet_distance

    for count in (400, 100):  # of full rank, and not
        first, second = cloud(count, 128, seed=1), cloud(count + 5, 128, seed=2)
        theirs = frechet_distance(
            first.mean(axis=0), np.cov(first, rowvar=False),
            second.mean(axis=0), np.cov(second, rowvar=False),
        )  # fmt: skip
        assert fid.distance(first, second) == pytest.approx(theirs, rel=1e-4)


def test_moments_are_taken_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    features = cloud(100, 8, seed=3)
    monkeypatch.setattr(fid, "BLOCK", 7)
    mean, covariance = fid.moments(features)
    assert mean == pytest.approx(features.astype(np.float64).mean(axis=0), rel=1e-12)
    expected = np.cov(features.astype(np.float64), rowvar=False)
    assert covariance == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_the_distance_of_a_single_image_is_unknown() -> None:
    metric = registry.scan().definition("fid/miniature")[1]
    assert isinstance(metric, SetMetric)
    assert math.isnan(metric.distance(cloud(1, 64, 1), cloud(9, 64, 1)))
    assert math.isnan(metric.distance(cloud(9, 64, 1), cloud(1, 64, 1)))


def test_two_images_are_enough() -> None:
    # The same spread, a step to the right: |m1 - m2|^2 = 1.
    first = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]], dtype=np.float32)
    assert fid.distance(first, first + np.array([1, 0, 0], dtype=np.float32)) == pytest.approx(1.0)
