"""Intervals: pure functions of float64 arrays, seeded where they draw.

The unit that is resampled is the prompt, not the image: images of one prompt resemble each other,
and an interval that ignores it is several times too narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from .types import Features, Floats

Interval: TypeAlias = tuple[float, float, float]
"""A value and the lower and upper end of its interval."""

_DISTINCT = 5000
"""Up to so many clusters of distinct totals the interval is bootstrapped."""

_CELLS = 1 << 20
"""Counts held at a time while resampling (8 MB), whatever the number of clusters."""


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion, as fractions: sampling noise of `n` draws only.

    Raises ValueError unless 0 <= successes <= n and n > 0.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n, n > 0, not {successes} of {n}")
    # Importing statsmodels takes more than a second, and most runs have an event somewhere.
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    return float(low), float(high)


def cluster_interval(
    values: Floats,
    clusters: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of `values` (N,) and the percentile interval of a bootstrap over `clusters` (N,).

    Where the bootstrap sees no spread at all, 0/1 values get Wilson's interval over all N (no
    event in 5000 images doesn't prove that there are none), and the interval of other values is
    NaN if they come from a single cluster. Among more than 5000 clusters that all differ, the
    bootstrap is slow to arrive at the normal interval of its standard error, which stands in.
    Raises ValueError for no values or for NaN among them: the caller excludes what could not be
    measured, and says so.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size or np.isnan(values).any():
        raise ValueError("an interval needs at least one value and no NaN")
    sums, sizes = _cluster_totals(values, clusters)
    mean = float(values.mean())
    tail = (1 - confidence) / 2
    totals, copies = np.unique(np.stack([sums, sizes]), axis=1, return_counts=True)
    if len(copies) > _DISTINCT:
        half = NormalDist().inv_cdf(1 - tail) * _standard_error(sums, sizes)
        return mean, mean - half, mean + half
    means = _resampled_means(totals, copies, resamples, seed)
    low, high = np.quantile(means, [tail, 1 - tail])
    if low < high:
        return mean, float(low), float(high)
    if np.isin(values, (0.0, 1.0)).all():
        return mean, *wilson(round(values.sum()), values.size, confidence=confidence)
    return (mean, mean, mean) if len(sums) > 1 else (mean, np.nan, np.nan)


def jackknife_interval(
    statistic: Callable[[Features], float],
    features: Features,
    clusters: ArrayLike,
    *,
    groups: int = 20,
) -> Interval:
    """`statistic` of all rows of `features` (N, d), and +-1.96 jackknife standard errors.

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
    return value, value - 1.96 * error, value + 1.96 * error


def _cluster_totals(values: Floats, clusters: ArrayLike) -> tuple[Floats, Floats]:
    """Sum and size of each cluster, in the order of the sorted labels."""
    labels = np.unique(np.asarray(clusters), return_inverse=True)[1]
    if labels.shape != values.shape:
        raise ValueError(f"{values.size} values, but {labels.size} cluster labels")
    sums = np.bincount(labels, weights=values).astype(np.float64)
    return sums, np.bincount(labels).astype(np.float64)


def _standard_error(sums: Floats, sizes: Floats) -> float:
    """Of the mean over all images, a ratio of two sums over clusters, by linearisation."""
    residuals = sums - sums.sum() / sizes.sum() * sizes
    clusters = len(sums)
    return float(np.sqrt(clusters / (clusters - 1) * (residuals**2).sum()) / sizes.sum())


def _resampled_means(
    totals: Floats, copies: NDArray[np.int64], resamples: int, seed: int
) -> Floats:
    """Ratios of sums (resamples,) over clusters drawn with replacement.

    Clusters with equal totals are interchangeable, so the draw is over the distinct ones,
    `totals` (2, D), of which there are `copies` (D,): the same distribution, and for the rate of
    30,000 one-image prompts two cells instead of 30,000.
    """
    draws = int(copies.sum())
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // len(copies))
    means = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn_sums, drawn_sizes = totals @ rng.multinomial(draws, copies / draws, size=size).T
        means.append(drawn_sums / drawn_sizes)
    return np.concatenate(means)
