"""Intervals: pure functions of float64 arrays, seeded where they draw.

The unit that is resampled is the prompt, not the image: images of one prompt resemble each other,
and an interval that ignores it is several times too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


# --- two methods -------------------------------------------------------------------------------


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of McNemar's test (McNemar, 1947) on paired yes/no outcomes.

    `only_first` and `only_second` count the pairs in which one of the two alone has the event:
    under the null each such flip is a fair coin. 1.0 if there are none. It takes images for
    independent; where several share a prompt, `paired_p` is the primary test.
    """
    from scipy.stats import binomtest

    flips = only_first + only_second
    return float(binomtest(only_first, flips, 0.5).pvalue) if flips else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number (Holm, 1979), in the order given; at most 1."""
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(list(p_values), method="holm")[1]]


def paired_difference(
    first: Floats,
    second: Floats,
    clusters: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of `first` - `second` (N,), images of the same noise, and its `cluster_interval`."""
    return cluster_interval(
        _differences(first, second),
        clusters,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


def paired_p(first: Floats, second: Floats, clusters: ArrayLike) -> float:
    """Two-sided p-value of no difference between `first` and `second` (N,), paired by image.

    A t-test over K clusters (N,) with K - 1 degrees of freedom, of the mean over all images. If
    the clusters all show the same difference there is no spread to divide by: the p-value is then
    that of K equal signs, 2^(1 - K). NaN for a single cluster, 1.0 if nothing differs.
    """
    differences = _differences(first, second)
    if not differences.any():
        return 1.0
    sums, sizes = _cluster_totals(differences, clusters)
    if len(sums) < 2:
        return float("nan")
    mean, error = float(differences.mean()), _standard_error(sums, sizes)
    if error <= 1e-12 * abs(mean):
        return 2.0 ** (1 - len(sums))
    from scipy.special import stdtr

    return float(2 * stdtr(len(sums) - 1, -abs(mean) / error))


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Agreement of two yes/no judgements (N,) beyond chance (Cohen, 1960); 1 is perfect.

    NaN where both say the same of every image: chance alone would agree as well.
    """
    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != other.shape or not one.size:
        raise ValueError(f"two judgements of the same images, not of {one.size} and {other.size}")
    observed = float((one == other).mean())
    rates = float(one.mean()), float(other.mean())
    chance = rates[0] * rates[1] + (1 - rates[0]) * (1 - rates[1])
    return (observed - chance) / (1 - chance) if chance < 1 else float("nan")


def _differences(first: Floats, second: Floats) -> Floats:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or not one.size:
        raise ValueError(f"pairs of values, not {one.size} and {other.size} of them")
    difference = one - other
    if np.isnan(difference).any():
        raise ValueError("a pair of values has no NaN: leave such pairs out and say so")
    return difference


# --- clusters ----------------------------------------------------------------------------------


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
