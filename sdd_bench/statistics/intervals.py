"""Intervals of one set of images."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import Z95

if TYPE_CHECKING:
    from sdd_bench.types import Features, Floats

Interval: TypeAlias = tuple[float, float, float]
"""A value and the lower and upper end of its interval."""

FEW = 100
"""Up to so many clusters the interval is Student's; a percentile bootstrap is too narrow there."""

DISTINCT = 1000
"""Up to so many clusters of distinct totals the interval is bootstrapped."""

_CELLS = 1 << 20
"""Counts held at a time while resampling (8 MB), whatever the number of clusters."""


# --- rates and means ----------------------------------------------------------------------------


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion, as fractions: sampling noise of `n` draws only.

    Raises ValueError unless 0 <= successes <= n and n > 0.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n, n > 0, not {successes} of {n}")
    from scipy.special import ndtri  # scipy.stats and statsmodels take a second to import

    z = float(ndtri((1 + confidence) / 2))
    rate, square = successes / n, z * z / n
    center = (rate + square / 2) / (1 + square)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n)) / (1 + square)
    return max(0.0, center - half), min(1.0, center + half)


def rule_of_three(clusters: int, *, confidence: float = 0.95) -> float:
    """The upper bound of a rate when none of so many independent clusters had an event.

    1 - (1 - confidence)^(1/clusters), about 3 / clusters: it grants that images of one prompt may
    all be alike, so 5000 images of 50 prompts bound the rate no better than 50.
    """
    return float(1 - (1 - confidence) ** (1 / clusters))


def cluster_interval(
    values: Floats,
    clusters: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of `values` (N,) and its interval when whole `clusters` (N,) are the independent draws.

    * Up to 100 clusters: Student's t with one degree of freedom less than clusters, for 0/1 values
      on the logit scale, where it never leaves [0, 1] and covers small rates (Korn and Graubard,
      1998; benchmarks/coverage.py). More clusters: the percentiles of a bootstrap over clusters.
      More than 1000 that all differ: the normal interval, at which it would arrive slowly.
    * 0/1 values that are all the same: `rule_of_three`, since no event in 5000 images doesn't prove
      that there are none. Other 0/1 values without spread between clusters: `wilson` of all N.
    * Other values of a single cluster: NaN for both ends.

    Raises ValueError for no values or for NaN among them: the caller excludes what could not be
    measured, and says so.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size or np.isnan(values).any():
        raise ValueError("an interval needs at least one value and no NaN")
    sums, sizes = cluster_totals(values, clusters)
    mean = float(values.mean())
    yes_no = bool(np.isin(values, (0.0, 1.0)).all())
    if yes_no and mean in {0.0, 1.0}:
        bound = rule_of_three(len(sums), confidence=confidence)
        return (0.0, 0.0, bound) if mean == 0 else (1.0, 1 - bound, 1.0)
    error = standard_error(sums, sizes)
    if yes_no and not error > 0:
        return mean, *wilson(round(values.sum()), values.size, confidence=confidence)
    if yes_no and len(sums) <= FEW:
        return student(mean, error, len(sums), confidence, logit=True)
    return mean_interval(sums, sizes, confidence, resamples, seed)


def mean_interval(
    sums: Floats, sizes: Floats, confidence: float, resamples: int, seed: int
) -> Interval:
    """The mean over all images and its interval, from the sum and the size of each cluster.

    As `cluster_interval` has it for values that are not 0/1. All sums with the other sign give the
    mirrored interval: the draws do not depend on how the clusters' means are ordered.
    """
    mean, count = float(sums.sum() / sizes.sum()), len(sums)
    error = standard_error(sums, sizes)
    if count <= FEW or not error:
        return student(mean, error, count, confidence, logit=False)
    totals, first, copies = np.unique(
        np.stack([sums, sizes]), axis=1, return_index=True, return_counts=True
    )
    if len(copies) > DISTINCT:
        return student(mean, error, count, confidence, logit=False)
    order, tail = np.argsort(first), (1 - confidence) / 2
    means = _resampled_means(totals[:, order], copies[order], resamples, seed)
    low, high = np.quantile(means, [tail, 1 - tail])
    return mean, float(low), float(high)


def student(mean: float, error: float, count: int, confidence: float, *, logit: bool) -> Interval:
    """A mean and its t-interval of `count` independent parts; NaN ends for a single one."""
    from scipy.special import expit, stdtrit

    reach = float(stdtrit(count - 1, (1 + confidence) / 2)) * error
    if not logit:
        return mean, mean - reach, mean + reach
    center, reach = math.log(mean / (1 - mean)), reach / (mean * (1 - mean))
    return mean, float(expit(center - reach)), float(expit(center + reach))


def cluster_totals(values: Floats, clusters: ArrayLike) -> tuple[Floats, Floats]:
    """Sum and size of each cluster, in the order of the sorted labels."""
    labels = np.unique(np.asarray(clusters), return_inverse=True)[1]
    if labels.shape != values.shape:
        raise ValueError(f"{values.size} values, but {labels.size} cluster labels")
    sums = np.bincount(labels, weights=values).astype(np.float64)
    return sums, np.bincount(labels).astype(np.float64)


def standard_error(sums: Floats, sizes: Floats) -> float:
    """The standard error of the mean over all images, a ratio of two sums over clusters, by
    linearisation.

    NaN for a single cluster; 0 where all have the same mean but for rounding.
    """
    mean, clusters = sums.sum() / sizes.sum(), len(sums)
    if clusters < 2:
        return math.nan
    residuals = sums - mean * sizes
    error = float(np.sqrt(clusters / (clusters - 1) * (residuals**2).sum()) / sizes.sum())
    return error if error > 1e-12 * abs(mean) else 0.0


def _resampled_means(
    totals: Floats, copies: NDArray[np.int64], resamples: int, seed: int
) -> Floats:
    """Ratios of sums (resamples,) over clusters drawn with replacement.

    Clusters with equal totals are interchangeable: of `totals` (2, D) there are `copies` (D,).
    Where D is small, how often each is drawn is drawn at once: for the rate of 30,000 one-image
    prompts that is two numbers instead of 30,000. Otherwise the clusters are drawn one by one.
    """
    draws, distinct = int(copies.sum()), len(copies)
    rng = np.random.default_rng(seed)
    at_once = 5 * distinct < draws  # a draw of a count costs about five draws of a cluster
    every = np.repeat(totals, copies, axis=1)
    step = max(1, _CELLS // (distinct if at_once else draws))
    means = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        if at_once:
            sums, sizes = totals @ rng.multinomial(draws, copies / draws, size=size).T
        else:
            drawn = rng.integers(draws, size=(size, draws))
            sums, sizes = (per_cluster[drawn].sum(axis=1) for per_cluster in every)
        means.append(sums / sizes)
    return np.concatenate(means)


# --- distances between sets ---------------------------------------------------------------------


def jackknife_interval(
    statistic: Callable[[Features], float],
    features: Features,
    clusters: ArrayLike,
    *,
    groups: int = 20,
) -> Interval:
    """`statistic` of all rows of `features` (N, d), and +-Z95 jackknife standard errors.

    For Frechet-like distances: they are biased by c/N, a bootstrap adds that bias once more and
    its percentiles miss the value, while deleting equal groups shifts all replicates alike. The
    clusters (N,) are dealt into at most `groups` groups, so that a cluster is deleted whole.
    The ends are NaN if there is but one cluster.
    """
    value = statistic(features)
    labels = np.unique(np.asarray(clusters), return_inverse=True)[1]
    groups = min(groups, int(labels.max()) + 1)
    if groups < 2:
        return value, np.nan, np.nan
    group = labels % groups
    replicates = np.array([statistic(features[group != left_out]) for left_out in range(groups)])
    error = float(np.sqrt((groups - 1) * replicates.var()))
    return value, value - Z95 * error, value + Z95 * error
