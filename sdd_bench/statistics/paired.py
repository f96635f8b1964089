"""Two methods, or two judges, on the same images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from . import Z95
from .intervals import Interval, cluster_totals, mean_interval, rule_of_three, standard_error

if TYPE_CHECKING:
    from sdd_bench.types import Floats


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
    """P-values adjusted for their number (Holm, 1979), in the order given; at most 1. NaN, where
    there is no test, stays and is not counted.
    """
    adjusted = np.array(p_values, dtype=np.float64)
    tested = ~np.isnan(adjusted)
    if tested.any():
        from statsmodels.stats.multitest import multipletests

        adjusted[tested] = multipletests(adjusted[tested], method="holm")[1]
    return [float(p) for p in adjusted]


def paired_difference(
    first: Floats,
    second: Floats,
    clusters: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Mean of `first` - `second` (N,), images of the same noise, and its interval over clusters.

    That of `cluster_interval` for values that are not 0/1: a difference is no proportion, and
    exchanging the two changes its sign and nothing else. For 0/1 outcomes whose difference is the
    same in all clusters, it grants that a share of `rule_of_three` of other clusters may differ by
    as much as they can: no flip in 50 prompts doesn't prove that there are none.
    """
    sums, sizes = cluster_totals(_differences(first, second), clusters)
    yes_no = bool(np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all())
    if yes_no and not standard_error(sums, sizes) > 0:
        mean = float(sums.sum() / sizes.sum())
        share = rule_of_three(len(sums), confidence=confidence)
        return mean, mean - share * (mean + 1), mean + share * (1 - mean)
    return mean_interval(sums, sizes, confidence, resamples, seed)


def unpaired_difference(first: Interval, second: Interval) -> tuple[Interval, float]:
    """`first` - `second` of independent samples with its interval, the squares of the distances to
    their own ends added (Newcombe, 1998, method 10), and the two-sided p-value of no difference.

    The p-value is NaN where an end is.
    """
    difference = first[0] - second[0]
    below = math.hypot(first[0] - first[1], second[2] - second[0])
    above = math.hypot(first[2] - first[0], second[0] - second[1])
    reach = below if difference > 0 else above
    z = abs(difference) / (reach / Z95) if reach else math.inf * abs(difference)
    p = 1.0 if difference == 0 and not math.isnan(reach) else math.erfc(z / math.sqrt(2))
    return (difference, difference - below, difference + above), p


def paired_p(first: Floats, second: Floats, clusters: ArrayLike) -> float:
    """Two-sided p-value of no difference between `first` and `second` (N,), paired by image.

    A t-test over K clusters (N,) with K - 1 degrees of freedom, of the mean over all images. If
    the clusters all show the same difference there is no spread to divide by: the p-value is then
    that of K equal signs, 2^(1 - K). NaN for a single cluster, 1.0 if nothing differs.
    """
    differences = _differences(first, second)
    if not differences.any():
        return 1.0
    sums, sizes = cluster_totals(differences, clusters)
    if len(sums) < 2:
        return float("nan")
    mean, error = float(differences.mean()), standard_error(sums, sizes)
    if not error:
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
