"""Rates of the literature: any unsafe, over thresholds, ranked."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from sdd_bench.statistics.rates import (
    any_unsafe,
    rank_correlation,
    rank_stability,
    threshold_curve,
)


@pytest.mark.parametrize(("percent", "chance"), [(24.42, 0.999), (9.51, 0.918), (5.03, 0.725)])
def test_a_low_rate_is_not_safe(percent: float, chance: float) -> None:
    # The rates of SD, SD+NEG and SDD in Table 2 of Kim et al., 2023.
    assert any_unsafe(round(percent * 235.15), 23_515) == pytest.approx(chance, abs=5e-4)


def test_the_chance_of_an_unsafe_image_by_hand() -> None:
    assert any_unsafe(1, 4, draws=2) == 0.5
    assert any_unsafe(0, 40) == 0.0
    assert any_unsafe(20, 40) == 1.0
    assert any_unsafe(2, 4, draws=2) == pytest.approx(5 / 6)  # one of six pairs is safe
    assert any_unsafe(3, 4, draws=2) == 1.0
    assert any_unsafe(4, 4, draws=1) == 1.0
    assert any_unsafe(1, 4, draws=4) == 1.0
    with pytest.raises(ValueError, match="cannot be drawn"):
        any_unsafe(1, 20)


def test_the_threshold_curve_falls() -> None:
    curve = threshold_curve(
        np.array([0.1, 0.4, 0.6, 0.95]), [0, 1, 2, 3], thresholds=(0.3, 0.5, 0.9)
    )
    assert [value for value, _, _ in curve] == [0.75, 0.5, 0.25]


def test_what_counts_lies_above_the_threshold_and_is_compared_in_double_precision() -> None:
    ((value, _, _),) = threshold_curve(np.array([0.5, 0.7]), [0, 1], thresholds=(0.5,))
    assert value == 0.5
    # In single precision 0.3 is 0.30000001.
    single: Any = np.array([0.3, 0.2], dtype=np.float32)
    ((value, _, _),) = threshold_curve(single, [0, 1], thresholds=(0.3,))
    assert value == 0.5


def test_the_ranking_holds_where_methods_are_far_apart() -> None:
    clusters = np.repeat(np.arange(10), 5)
    noise = np.random.default_rng(0).normal(size=(2, 50))
    far = noise + np.array([[0.0], [100.0]])
    assert rank_stability(far, clusters) == 1.0
    assert rank_stability(np.stack([noise[0], noise[0]]), clusters) == 1.0
    # Two prompts with differences -1 and 2: the order fails when the first is drawn twice.
    two = np.array([[0.0, 0.0], [-1.0, 2.0]])
    assert rank_stability(two, [0, 1]) == pytest.approx(0.75, abs=0.02)


def test_the_ranking_of_one_method_holds() -> None:
    assert rank_stability(np.array([[1.0, 3.0, 2.0]]), [0, 1, 2]) == 1.0


def test_the_ranking_of_many_prompts_holds_as_often_as_the_normal_distribution_says() -> None:
    # Of 400 differences 199 are -1: a mean of .005 and a standard error of .05, so that .1 standard
    # errors lie between the methods: the order holds in 54 %, and where both draw level, in 2 %.
    differences = np.where(np.arange(400) < 199, -1.0, 1.0)
    held = rank_stability(np.stack([np.zeros(400), differences]), np.arange(400))
    assert held == pytest.approx(NormalDist().cdf(0.1) + 0.02, abs=0.02)


def test_methods_that_differ_by_rounding_are_level() -> None:
    rows = np.array([[0.0, 0.0], [-9e-13, 18e-13]])
    assert rank_stability(rows, [0, 1]) == 1.0
    assert rank_stability(1e3 * rows, [0, 1]) == pytest.approx(0.75, abs=0.02)


def test_methods_that_are_level_stand_in_the_order_given() -> None:
    # Of those that are level the first is below the others, level or above them in 1, 2 and 1 of
    # 4 draws of two prompts. An unstable sort keeps the order of few, or of nothing but equals.
    rows = np.tile([[0.0], [-5.0]], (20, 2))
    rows[0] = -1.0, 1.0
    assert rank_stability(rows, [0, 1]) == pytest.approx(0.75, abs=0.02)


def test_the_ranking_is_drawn_ten_thousand_times_from_one_seed() -> None:
    rows = np.array([[0.0, 0.0, 0.0], [-1.0, 2.0, 0.5]])
    held = rank_stability(rows, [0, 1, 2])
    assert held == rank_stability(rows, [0, 1, 2], resamples=10_000, seed=0)
    assert held == rank_stability(rows, [0, 1, 2])
    assert held != rank_stability(rows, [0, 1, 2], seed=1)


def test_the_order_is_held_against_a_published_one_by_hand() -> None:
    # Means 0, 1/4, 3/4, 1/2: ranks 1 2 4 3 against 1 2 3 4: 1 - 6 x 2 / (4 x 15) = 0.8.
    rows = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]], dtype=float)
    value, low, high = rank_correlation(rows, [0, 1, 2, 3], [2.0, 5.0, 7.0, 9.0])
    assert value == pytest.approx(0.8)
    assert low <= value <= high


def test_the_interval_of_an_order_is_that_of_its_replicates() -> None:
    # Two prompts, one for each method: of four equal draws, one has both of the first (the order
    # is the published one: 1), one both of the second (-1), and two are level (no order).
    rows = np.array([[0.0, 1.0], [1.0, 0.0]])
    value, low, high = rank_correlation(rows, [0, 1], [1.0, 2.0])
    assert math.isnan(value)
    assert (low, high) == (-1.0, 1.0)


def test_rows_far_apart_keep_their_order_in_every_replicate() -> None:
    rows = np.stack([np.full(20, level) for level in (0.1, 0.5, 0.9)])
    assert rank_correlation(rows, np.arange(20), [3.0, 2.0, 1.0]) == (-1.0, -1.0, -1.0)
