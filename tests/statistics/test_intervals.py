"""Intervals: by hand, by bootstrap, by jackknife, and what they cover."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from sdd_bench.statistics import Z95
from sdd_bench.statistics.intervals import (
    cluster_interval,
    jackknife_interval,
    rule_of_three,
    wilson,
)


def test_the_quantile_is_that_of_the_normal_distribution() -> None:
    # SciPy's, and the distribution itself at that point.
    assert abs(Z95 - ndtri(0.975)) < 1e-15
    assert (1 + math.erf(Z95 / math.sqrt(2))) / 2 == pytest.approx(0.975, rel=1e-15)


def test_wilson_by_hand() -> None:
    # No event in 5000: the upper end is z^2 / (n + z^2) = 3.841459 / 5003.841459, about .08 %.
    low, high = wilson(0, 5000)
    assert low == pytest.approx(0, abs=1e-15)
    assert high == pytest.approx(7.67702e-4, rel=1e-5)
    # p = .5, n = 4: centre .5, half z sqrt(1/16 + z^2/64) / (1 + z^2/4) = .349959.
    assert wilson(2, 4) == pytest.approx((0.150041, 0.849959), abs=1e-5)


def test_wilson_ends_where_proportions_end() -> None:
    # All of n: the lower end is n / (n + z^2), and the upper one 1 whatever the rounding.
    assert wilson(1, 1) == pytest.approx((0.2065493, 1.0), abs=1e-6)
    for n in range(1, 200):
        assert wilson(n, n)[1] <= 1
        assert wilson(0, n)[0] >= 0


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"not {successes} of {n}"):
        wilson(successes, n)


def test_few_clusters_have_a_t_interval_by_hand() -> None:
    # Cluster means 1, 2, 3, 6: mean 3, variance 14/3, t(3) = 3.182446.
    values = np.array([0.0, 2.0, 1.0, 3.0, 3.0, 3.0, 5.0, 7.0])
    half = 3.182446 * math.sqrt(14 / 12)
    assert cluster_interval(values, [0, 0, 1, 1, 2, 2, 3, 3]) == pytest.approx(
        (3.0, 3 - half, 3 + half), abs=1e-5
    )


def test_rates_of_few_clusters_have_it_on_the_logit_scale() -> None:
    # Rates 0, 1/2, 1/2 and 1: mean 1/2, standard error sqrt(1/2 / 12), slope of the logit 4.
    values = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    reach = 3.182446 * math.sqrt(1 / 24) * 4
    ends = (1 / (1 + math.exp(reach)), 1 / (1 + math.exp(-reach)))
    assert cluster_interval(values, [0, 0, 1, 1, 2, 2, 3, 3]) == pytest.approx(
        (0.5, *ends), abs=1e-6
    )


def test_a_hundred_clusters_are_few() -> None:
    # A rate of 1/2: standard error sqrt(1/4 / 99), slope of the logit 4, t(99) = 1.984217.
    reach = 1.984217 * math.sqrt(1 / 396) * 4
    ends = (1 / (1 + math.exp(reach)), 1 / (1 + math.exp(-reach)))
    assert cluster_interval(np.tile([0.0, 1.0], 50), np.arange(100)) == pytest.approx(
        (0.5, *ends), abs=1e-6
    )
    # 0 .. 99: mean 49.5, variance 100 x 101 / 12.
    half = 1.984217 * math.sqrt(101 / 12)
    assert cluster_interval(np.arange(100.0), np.arange(100)) == pytest.approx(
        (49.5, 49.5 - half, 49.5 + half), abs=1e-5
    )


def test_the_mean_weighs_images_not_clusters() -> None:
    mean, low, high = cluster_interval(np.array([1.0, 1.0, 1.0, 5.0]), [0, 0, 0, 1])
    assert mean == 2.0
    # Residuals of the sums from mean x size: -3 and 3, so the error is sqrt(2 x 18) / 4.
    half = 12.706205 * 1.5
    assert (low, high) == pytest.approx((2 - half, 2 + half), abs=1e-5)


def test_single_images_give_the_textbook_interval() -> None:
    values = np.random.default_rng(1).normal(3, 2, size=2000)
    mean, low, high = cluster_interval(values, np.arange(2000))
    error = values.std(ddof=1) / math.sqrt(2000)
    assert mean == values.mean()
    assert (low, high) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.1 * error)


@pytest.mark.parametrize("rate", [True, False])
def test_both_ways_of_drawing_clusters_are_the_same_bootstrap(rate: bool) -> None:
    # Rates have few distinct totals, drawn by how often; others are drawn one by one.
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(300), 4)
    scores = rng.random(1200) + rng.normal(size=300)[clusters]
    values = (scores > 1).astype(np.float64) if rate else scores
    mean, low, high = cluster_interval(values, clusters)
    means = values.reshape(300, 4).mean(axis=1)
    half = 1.96 * means.std(ddof=1) / math.sqrt(300)
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.1 * half)


def test_many_clusters_take_the_short_way_to_the_same_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    clusters = rng.integers(400, size=900)
    values = rng.exponential(size=900) + rng.normal(size=400)[clusters]
    bootstrapped = cluster_interval(values, clusters)
    monkeypatch.setattr("sdd_bench.statistics.intervals.DISTINCT", 300)
    short = cluster_interval(values, clusters)
    width = bootstrapped[2] - bootstrapped[1]
    assert short == pytest.approx(bootstrapped, abs=0.03 * width)
    assert short != bootstrapped


def test_as_many_as_are_distinct_are_still_bootstrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).random(150)
    bootstrapped = cluster_interval(values, np.arange(150))
    monkeypatch.setattr("sdd_bench.statistics.intervals.DISTINCT", 150)
    assert cluster_interval(values, np.arange(150)) == bootstrapped
    monkeypatch.setattr("sdd_bench.statistics.intervals.DISTINCT", 149)
    assert cluster_interval(values, np.arange(150)) != bootstrapped


@pytest.mark.parametrize(("distinct", "count"), [(20, 101), (21, 105)])
def test_a_count_is_drawn_at_once_where_there_are_more_than_five_of_each(
    distinct: int, count: int
) -> None:
    # Which of the two ways it is decides about the last digits of published intervals.
    each = np.sqrt(np.arange(distinct))
    copies = np.bincount(np.arange(count) % distinct)
    rng = np.random.default_rng(0)
    if count > 5 * distinct:
        means = rng.multinomial(count, copies / count, size=10_000) @ each / count
    else:
        means = np.repeat(each, copies)[rng.integers(count, size=(10_000, count))].mean(axis=1)
    _, low, high = cluster_interval(each[np.arange(count) % distinct], np.arange(count))
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), rel=1e-12)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(2).random(1000)
    clusters = np.arange(1000) // 5
    first = cluster_interval(values, clusters)
    assert first == cluster_interval(values, clusters, resamples=10_000, seed=0)
    first = cluster_interval(values, clusters, seed=3)
    assert first == cluster_interval(values, clusters, seed=3)
    assert first != cluster_interval(values, clusters, seed=4)


def test_no_event_is_no_proof_of_none() -> None:
    # The rule of three by prompts: 1 - .05^(1/50) = .0582, about 3/50, whatever the images.
    assert rule_of_three(50) == pytest.approx(0.0581546, abs=1e-6)
    assert rule_of_three(30_000) == pytest.approx(3 / 30_000, rel=2e-3)
    assert cluster_interval(np.zeros(5000), np.arange(5000) // 100) == pytest.approx(
        (0, 0, 0.0581546), abs=1e-6
    )
    assert cluster_interval(np.ones(5000), np.arange(5000) // 100) == pytest.approx(
        (1, 1 - 0.0581546, 1), abs=1e-6
    )
    # At 90 % it is 1 - .1^(1/50).
    interval = cluster_interval(np.zeros(5000), np.arange(5000) // 100, confidence=0.9)
    assert interval == pytest.approx((0, 0, 0.0450074), abs=1e-6)


def test_one_cluster_has_no_spread_to_speak_of() -> None:
    assert cluster_interval(np.array([0.0, 1.0, 0.0, 1.0]), [7] * 4) == pytest.approx(
        (0.5, 0.150041, 0.849959), abs=1e-5
    )
    mean, low, high = cluster_interval(np.array([2.0, 4.0]), [7, 7])
    assert mean == 3.0
    assert math.isnan(low)
    assert math.isnan(high)


def test_rates_without_spread_have_the_interval_of_single_images() -> None:
    # statsmodels: proportion_confint(2, 4, method="wilson"), and with alpha=.1.
    values, clusters = np.array([0.0, 1.0, 0.0, 1.0]), [0, 0, 1, 1]
    assert cluster_interval(values, clusters) == pytest.approx((0.5, 0.150039, 0.849961), abs=1e-5)
    assert cluster_interval(values, clusters, confidence=0.9) == pytest.approx(
        (0.5, 0.1824002, 0.8175998), abs=1e-6
    )


def test_constant_scores_have_an_interval_of_no_width() -> None:
    assert cluster_interval(np.full(6, 2.5), np.arange(6)) == (2.5, 2.5, 2.5)
    # Sums of one, two and three times 0.1 differ from that mean by rounding.
    _, low, high = cluster_interval(np.full(6, 0.1), [0, 0, 0, 1, 1, 2])
    assert low == high


def test_verdicts_in_single_precision_are_averaged_in_double() -> None:
    single: Any = np.array([1, 0, 0], dtype=np.float32)
    mean, _, _ = cluster_interval(single, [0, 1, 2])
    assert mean == 1 / 3


@pytest.mark.parametrize("values", [[], [1.0, math.nan]])
def test_nothing_and_nan_have_no_interval(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^an interval needs at least one value and no NaN$"):
        cluster_interval(np.array(values), np.arange(len(values)))


def test_every_value_needs_a_cluster() -> None:
    with pytest.raises(ValueError, match="3 values, but 2 cluster labels"):
        cluster_interval(np.array([1.0, 2.0, 3.0]), [0, 1])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), min_size=1, max_size=30))
def test_the_order_of_images_does_not_matter(rows: list[tuple[int, int]]) -> None:
    intervals = [
        cluster_interval(np.array([v for _, v in each]), [c for c, _ in each], resamples=50)
        for each in (rows, sorted(rows))
    ]
    assert intervals[0] == pytest.approx(intervals[1], nan_ok=True)


@pytest.mark.parametrize("icc", [0.02, 0.1])
@pytest.mark.parametrize("rate", [0.043, 0.7418])
def test_the_interval_covers_where_one_that_ignores_prompts_does_not(
    icc: float, rate: float
) -> None:
    # 50 prompts x 100 images; benchmarks/coverage.py does the same at length.
    rng = np.random.default_rng(0)
    runs, spread = 1000, (1 - icc) / icc
    prompts = np.repeat(np.arange(50), 100)
    covered = np.zeros(2)
    for _ in range(runs):
        chance = rng.beta(spread * rate, spread * (1 - rate), size=50)
        values = (rng.random(5000) < chance[prompts]).astype(np.float64)
        _, low, high = cluster_interval(values, prompts)
        naive_low, naive_high = wilson(int(values.sum()), 5000)
        covered += low <= rate <= high, naive_low <= rate <= naive_high
    assert 0.92 <= covered[0] / runs <= 0.97
    assert covered[1] / runs <= 0.8


def first_mean(features: np.ndarray) -> float:
    return float(features[:, 0].mean())


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    features = np.array([[1.0], [2.0], [3.0], [6.0]], dtype=np.float32)
    # Mean 3, variance 14/3, standard error sqrt(14/12).
    error = math.sqrt(14 / 12)
    assert jackknife_interval(first_mean, features, [0, 1, 2, 3]) == pytest.approx(
        (3.0, 3 - 1.959964 * error, 3 + 1.959964 * error)
    )


def test_the_jackknife_of_two_clusters_by_hand() -> None:
    # Means 3 and 1 without the one and the other: standard error sqrt(2) / sqrt(2).
    features = np.array([[1.0], [3.0]], dtype=np.float32)
    assert jackknife_interval(first_mean, features, [0, 1]) == pytest.approx(
        (2.0, 2 - 1.959964, 2 + 1.959964)
    )


def test_the_jackknife_deletes_whole_clusters_in_at_most_20_groups() -> None:
    seen = []

    def spy(features: np.ndarray) -> float:
        seen.append(sorted(set(features[:, 0].tolist())))
        return 0.0

    features = np.repeat(np.arange(45, dtype=np.float32), 3)[:, None]
    jackknife_interval(spy, features, np.repeat(np.arange(45), 3))
    assert [len(clusters) for clusters in seen] == [45] + [42] * 5 + [43] * 15


def test_the_jackknife_of_one_cluster_is_unknown() -> None:
    value, low, high = jackknife_interval(first_mean, np.ones((3, 1), np.float32), [1, 1, 1])
    assert value == 1.0
    assert math.isnan(low)
    assert math.isnan(high)
