from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdd_bench.statistics.intervals import (
    cluster_interval,
    halves_error,
    jackknife_interval,
    over_seeds,
    rule_of_three,
    wilson,
)
from sdd_bench.statistics.paired import cohen_kappa, holm, mcnemar, paired_difference, paired_p
from sdd_bench.statistics.rates import (
    any_unsafe,
    expected_maximum,
    rank_stability,
    rogan_gladen,
    threshold_curve,
)


def test_wilson_by_hand() -> None:
    # No event in 5000: the upper end is z^2 / (n + z^2) = 3.841459 / 5003.841459, about .08 %.
    low, high = wilson(0, 5000)
    assert low == pytest.approx(0, abs=1e-15)
    assert high == pytest.approx(7.67702e-4, rel=1e-5)
    # p = .5, n = 4: centre .5, half z sqrt(1/16 + z^2/64) / (1 + z^2/4) = .349959.
    assert wilson(2, 4) == pytest.approx((0.150041, 0.849959), abs=1e-5)


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


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(2).random(1000)
    clusters = np.arange(1000) // 5
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


def test_one_cluster_has_no_spread_to_speak_of() -> None:
    assert cluster_interval(np.array([0.0, 1.0, 0.0, 1.0]), [7] * 4) == pytest.approx(
        (0.5, 0.150041, 0.849959), abs=1e-5
    )
    mean, low, high = cluster_interval(np.array([2.0, 4.0]), [7, 7])
    assert mean == 3.0
    assert math.isnan(low)
    assert math.isnan(high)


def test_constant_scores_have_an_interval_of_no_width() -> None:
    assert cluster_interval(np.full(6, 2.5), np.arange(6)) == (2.5, 2.5, 2.5)


@pytest.mark.parametrize("values", [[], [1.0, math.nan]])
def test_nothing_and_nan_have_no_interval(values: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one value and no NaN"):
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


# --- jackknife --------------------------------------------------------------------------------


def first_mean(features: np.ndarray) -> float:
    return float(features[:, 0].mean())


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    features = np.array([[1.0], [2.0], [3.0], [6.0]], dtype=np.float32)
    # Mean 3, variance 14/3, standard error sqrt(14/12).
    error = math.sqrt(14 / 12)
    assert jackknife_interval(first_mean, features, [0, 1, 2, 3]) == pytest.approx(
        (3.0, 3 - 1.96 * error, 3 + 1.96 * error)
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


def test_disjoint_halves_find_the_standard_error_of_a_mean() -> None:
    features = np.random.default_rng(1).normal(size=(400, 1)).astype(np.float32)
    error = halves_error(first_mean, features, np.arange(400), splits=2000)
    assert error == pytest.approx(features.std() / math.sqrt(400), rel=0.06)
    assert math.isnan(halves_error(first_mean, features, np.zeros(400)))


def test_several_seeds_have_a_t_interval_by_hand() -> None:
    # Values 1, 2, 3: standard error 1/sqrt(3), t(2) = 4.302653.
    half = 4.302653 / math.sqrt(3)
    assert over_seeds([1, 2, 3]) == pytest.approx((2, 2 - half, 2 + half), abs=1e-5)
    assert math.isnan(over_seeds([1.0])[1])


# --- two methods ------------------------------------------------------------------------------


def test_mcnemar_by_hand() -> None:
    # Of 6 flips at most one goes the other way: 2 (1 + 6) / 2^6.
    assert mcnemar(5, 1) == mcnemar(1, 5) == pytest.approx(14 / 64)
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 0) == 1.0


def test_holm_by_hand() -> None:
    # Sorted .01 x 3, .03 x 2, and .04, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_paired_difference_of_single_images_is_the_t_test_of_one_sample() -> None:
    # Differences 1, 1, 1, 0: t = .75 / .25 = 3 with 3 degrees of freedom, p = .057669.
    first, second = np.array([1.0, 2.0, 1.0, 5.0]), np.array([0.0, 1.0, 0.0, 5.0])
    assert paired_p(first, second, [0, 1, 2, 3]) == pytest.approx(0.0576689, abs=1e-6)
    assert paired_p(second, first, [0, 1, 2, 3]) == pytest.approx(0.0576689, abs=1e-6)
    scores = np.array([2.0, 4.0, 3.0, 8.0])
    value, low, high = paired_difference(scores, scores / 2, [0, 1, 2, 3])
    half = 3.182446 * np.array([1.0, 2.0, 1.5, 4.0]).std(ddof=1) / 2
    assert (value, low, high) == pytest.approx((2.125, 2.125 - half, 2.125 + half), abs=1e-5)


def test_prompts_are_what_differs_not_their_images() -> None:
    # Twice the images of each prompt tell no more about the prompts.
    rng = np.random.default_rng(3)
    first, second = rng.random(20), rng.random(20)
    once = paired_p(first, second, np.arange(20))
    twice = paired_p(np.repeat(first, 2), np.repeat(second, 2), np.repeat(np.arange(20), 2))
    assert twice == pytest.approx(once)


@pytest.mark.parametrize("count", [20, 150, 1200])
@pytest.mark.parametrize("kind", ["flips one way", "flips", "scores"])
def test_exchanging_the_methods_mirrors_the_interval(kind: str, count: int) -> None:
    # Up to 100 prompts it is Student's, then a bootstrap, and for many that differ the normal one.
    rng = np.random.default_rng(6)
    first, second = rng.normal(1, 1, size=(2, 3 * count))
    if kind != "scores":
        first, second = (first > 0).astype(np.float64), (second > 0.5).astype(np.float64)
    if kind == "flips one way":
        second = np.minimum(first, second)
    clusters = np.repeat(np.arange(count), 3)
    value, low, high = paired_difference(first, second, clusters)
    assert low < value < high
    mirrored = paired_difference(second, first, clusters)
    assert mirrored == pytest.approx((-value, -high, -low), rel=1e-12)


def test_flips_one_way_are_no_proportion() -> None:
    # Differences 1, 0, 0, 0 and their mirror image: mean 1/4, standard error 1/4, t(3) = 3.182446.
    ones, first = np.ones(4), np.array([1.0, 1.0, 1.0, 0.0])
    half = 3.182446 / 4
    expected = (0.25, 0.25 - half, 0.25 + half)
    assert paired_difference(ones, first, np.arange(4)) == pytest.approx(expected, abs=1e-6)


def test_no_flip_is_no_proof_of_none() -> None:
    # 1 - .05^(1/50) of the prompts may be otherwise, by one image more or less of one.
    ones, clusters = np.ones(100), np.arange(100) // 2
    bound = 0.0581546
    assert paired_difference(ones, ones, clusters) == pytest.approx((0, -bound, bound), abs=1e-6)
    # All flips one way can turn by two: from +1 to -1.
    assert paired_difference(ones, 0 * ones, clusters) == pytest.approx(
        (1, 1 - 2 * bound, 1), abs=1e-6
    )
    # One of two images of every prompt: from 1/2 down to -1 and up to 1.
    assert paired_difference(ones, np.tile([0.0, 1.0], 50), clusters) == pytest.approx(
        (0.5, 0.5 - 1.5 * bound, 0.5 + 0.5 * bound), abs=1e-6
    )
    # Scores have no such bound.
    assert paired_difference(3 * ones, ones, clusters) == (2, 2, 2)
    assert math.isnan(paired_difference(3 * ones, ones, np.zeros(100))[1])


def test_paired_differences_without_spread() -> None:
    ones, zeros = np.ones(8), np.zeros(8)
    assert paired_p(ones, ones, np.arange(8)) == 1.0
    # Four prompts that all agree are four equal signs.
    assert paired_p(ones, zeros, np.arange(8) // 2) == 2**-3
    assert math.isnan(paired_p(ones, zeros, np.zeros(8)))


def test_pairs_have_to_be_pairs_of_numbers() -> None:
    with pytest.raises(ValueError, match="not 2 and 3"):
        paired_p(np.zeros(2), np.zeros(3), [0, 1])
    with pytest.raises(ValueError, match="no NaN"):
        paired_difference(np.array([1.0, math.nan]), np.zeros(2), [0, 1])


def test_kappa_by_hand() -> None:
    # Cohen, 1960: agreement 3/4, by chance 1/2 x 1/4 + 1/2 x 3/4 = 1/2.
    assert cohen_kappa([1, 1, 0, 0], [1, 0, 0, 0]) == 0.5
    assert cohen_kappa([1, 0, 1], [1, 0, 1]) == 1.0
    assert cohen_kappa([1, 0], [0, 1]) == -1.0
    assert math.isnan(cohen_kappa([1, 1], [1, 1]))


# --- protocols of the literature --------------------------------------------------------------

I2P = Path(__file__).resolve().parents[2] / "shared" / "data" / "i2p_benchmark.csv"


@pytest.mark.skipif(not I2P.exists(), reason="the I2P prompts are not on this machine")
@pytest.mark.parametrize(
    ("category", "mean", "deviation"),
    [
        ("hate", 0.96, 0.07),
        ("harassment", 0.94, 0.09),
        ("violence", 0.98, 0.05),
        ("self-harm", 0.97, 0.05),
        ("sexual", 0.90, 0.08),
        ("shocking", 1.00, 0.02),
        ("illegal activity", 0.94, 0.10),
        ("", 0.97, 0.06),
    ],
)
def test_the_published_expected_maxima(category: str, mean: float, deviation: float) -> None:
    # Schramowski et al., 2023, Table 1, from the rates of Stable Diffusion 1.4 in the data set.
    prompts = pd.read_csv(I2P, keep_default_na=False)
    rates = prompts["inappropriate_percentage"][prompts["categories"].str.contains(category)] / 100
    assert expected_maximum(rates) == pytest.approx((mean, deviation), abs=0.01)


def test_the_expected_maximum_by_hand() -> None:
    # Two of three prompts with rates 0, 0 and 1: the maximum is 1 in two of three draws.
    assert expected_maximum([0, 0, 1], draws=2) == pytest.approx((2 / 3, math.sqrt(2) / 3))
    with pytest.raises(ValueError, match="as many prompts, not 3"):
        expected_maximum([0, 0, 1])


@pytest.mark.parametrize(("percent", "chance"), [(24.42, 0.999), (9.51, 0.918), (5.03, 0.725)])
def test_a_low_rate_is_not_safe(percent: float, chance: float) -> None:
    # The rates of SD, SD+NEG and SDD in Table 2 of Kim et al., 2023.
    assert any_unsafe(round(percent * 235.15), 23_515) == pytest.approx(chance, abs=5e-4)


def test_the_chance_of_an_unsafe_image_by_hand() -> None:
    assert any_unsafe(1, 4, draws=2) == 0.5
    assert any_unsafe(0, 40) == 0.0
    assert any_unsafe(20, 40) == 1.0
    with pytest.raises(ValueError, match="cannot be drawn"):
        any_unsafe(1, 20)


def test_rogan_gladen_by_hand() -> None:
    # (.2 + .9 - 1) / (.8 + .9 - 1) = 1/7, with the error of 500 images alone if the judge's own
    # errors are known from very many.
    value, low, high = rogan_gladen(
        0.2, 500, sensitivity=0.8, positives=10**9, specificity=0.9, negatives=10**9
    )
    half = 1.959964 * math.sqrt(0.2 * 0.8 / 500) / 0.7
    assert (value, low, high) == pytest.approx((1 / 7, 1 / 7 - half, 1 / 7 + half), abs=1e-5)
    few = rogan_gladen(0.2, 500, sensitivity=0.8, positives=50, specificity=0.9, negatives=50)
    assert few[2] - few[1] > 1.5 * (high - low)


def test_rogan_gladen_stays_a_rate_and_needs_a_judge() -> None:
    value, low, high = rogan_gladen(
        0.0, 10, sensitivity=0.9, positives=100, specificity=0.9, negatives=100
    )
    assert (value, low) == (0.0, 0.0)
    assert 0 <= high < 1
    with pytest.raises(ValueError, match="no better than chance"):
        rogan_gladen(0.5, 10, sensitivity=0.5, positives=9, specificity=0.5, negatives=9)


def test_the_threshold_curve_falls() -> None:
    curve = threshold_curve(
        np.array([0.1, 0.4, 0.6, 0.95]), [0, 1, 2, 3], thresholds=(0.3, 0.5, 0.9)
    )
    assert [value for value, _, _ in curve] == [0.75, 0.5, 0.25]


def test_the_ranking_holds_where_methods_are_far_apart() -> None:
    clusters = np.repeat(np.arange(10), 5)
    noise = np.random.default_rng(0).normal(size=(2, 50))
    far = noise + np.array([[0.0], [100.0]])
    assert rank_stability(far, clusters) == 1.0
    assert rank_stability(np.stack([noise[0], noise[0]]), clusters) == 1.0
    # Two prompts with differences -1 and 2: the order fails when the first is drawn twice.
    two = np.array([[0.0, 0.0], [-1.0, 2.0]])
    assert rank_stability(two, [0, 1]) == pytest.approx(0.75, abs=0.02)
