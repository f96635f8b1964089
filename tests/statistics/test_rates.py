"""Rates of the literature: expected maxima, any unsafe, corrected, ranked."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sdd_bench.statistics.rates import (
    any_unsafe,
    expected_maximum,
    rank_stability,
    rogan_gladen,
    threshold_curve,
)
from support.paths import SHARED

I2P = SHARED / "i2p_benchmark.csv"


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
