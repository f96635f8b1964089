"""Rates of the literature: any unsafe, over thresholds, ranked."""

from __future__ import annotations

import numpy as np
import pytest

from sdd_bench.statistics.rates import (
    any_unsafe,
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
    with pytest.raises(ValueError, match="cannot be drawn"):
        any_unsafe(1, 20)


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
