"""Paired methods: differences, p values and agreement, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sdd_bench.statistics.paired import (
    cohen_kappa,
    holm,
    mcnemar,
    paired_difference,
    paired_p,
    unpaired_difference,
)


def test_mcnemar_by_hand() -> None:
    # Of 6 flips at most one goes the other way: 2 (1 + 6) / 2^6.
    assert mcnemar(5, 1) == mcnemar(1, 5) == pytest.approx(14 / 64)
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 0) == 1.0


def test_holm_by_hand() -> None:
    # Sorted .01 x 3, .03 x 2, and .04, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_holm_counts_no_test_that_is_not_there() -> None:
    found = holm([0.01, math.nan, 0.04, 0.03])
    assert [found[i] for i in (0, 2, 3)] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(found[1])
    assert all(map(math.isnan, holm([math.nan])))


def test_an_unpaired_difference_by_hand() -> None:
    # Below sqrt(.2^2 + .2^2), above sqrt(.2^2 + .1^2); z = .3 / (.28284 / 1.95996) = 2.0789.
    (value, low, high), p = unpaired_difference((0.5, 0.3, 0.7), (0.2, 0.1, 0.4))
    assert (value, low, high) == pytest.approx((0.3, 0.3 - 0.282843, 0.3 + 0.223607), abs=1e-6)
    assert p == pytest.approx(0.03763, abs=1e-5)
    assert unpaired_difference((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))[1] == 1.0
    assert unpaired_difference((0.5, 0.5, 0.5), (0.2, 0.2, 0.2))[1] == 0.0
    assert math.isnan(unpaired_difference((0.5, math.nan, math.nan), (0.5, 0.4, 0.6))[1])


def test_a_paired_difference_of_single_images_is_the_t_test_of_one_sample() -> None:
    # Differences 1, 1, 1, 0: t = .75 / .25 = 3 with 3 degrees of freedom, p = .057669.
    first, second = np.array([1.0, 2.0, 1.0, 5.0]), np.array([0.0, 1.0, 0.0, 5.0])
    assert paired_p(first, second, [0, 1, 2, 3]) == pytest.approx(0.0576689, abs=1e-6)
    assert paired_p(second, first, [0, 1, 2, 3]) == pytest.approx(0.0576689, abs=1e-6)
    scores = np.array([2.0, 4.0, 3.0, 8.0])
    value, low, high = paired_difference(scores, scores / 2, [0, 1, 2, 3])
    half = 3.182446 * np.array([1.0, 2.0, 1.5, 4.0]).std(ddof=1) / 2
    assert (value, low, high) == pytest.approx((2.125, 2.125 - half, 2.125 + half), abs=1e-5)


def test_two_prompts_have_one_degree_of_freedom() -> None:
    # Differences 1 and 3: t = 2 / 1, of Cauchy's distribution.
    p = paired_p(np.array([1.0, 3.0]), np.zeros(2), [0, 1])
    assert p == pytest.approx(1 - 2 / math.pi * math.atan(2))


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
    assert paired_difference(0 * ones, ones, clusters) == pytest.approx(
        (-1, -1, -1 + 2 * bound), abs=1e-6
    )
    # At 90 % it is 1 - .1^(1/50).
    assert paired_difference(ones, ones, clusters, confidence=0.9) == pytest.approx(
        (0, -0.0450074, 0.0450074), abs=1e-6
    )
    # One of two images of every prompt: from 1/2 down to -1 and up to 1.
    assert paired_difference(ones, np.tile([0.0, 1.0], 50), clusters) == pytest.approx(
        (0.5, 0.5 - 1.5 * bound, 0.5 + 0.5 * bound), abs=1e-6
    )
    # Scores have no such bound.
    assert paired_difference(3 * ones, ones, clusters) == (2, 2, 2)
    assert math.isnan(paired_difference(3 * ones, ones, np.zeros(100))[1])


def test_a_paired_difference_is_drawn_ten_thousand_times_from_one_seed() -> None:
    first, second = np.random.default_rng(4).normal(size=(2, 150))
    interval = paired_difference(first, second, np.arange(150))
    assert interval == paired_difference(first, second, np.arange(150), resamples=10_000, seed=0)
    assert interval != paired_difference(first, second, np.arange(150), seed=1)


def test_paired_differences_without_spread() -> None:
    ones, zeros = np.ones(8), np.zeros(8)
    assert paired_p(ones, ones, np.arange(8)) == 1.0
    # Four prompts that all agree are four equal signs.
    assert paired_p(ones, zeros, np.arange(8) // 2) == 2**-3
    assert math.isnan(paired_p(ones, zeros, np.zeros(8)))


def test_pairs_have_to_be_pairs_of_numbers() -> None:
    with pytest.raises(ValueError, match="not 2 and 3"):
        paired_p(np.zeros(2), np.zeros(3), [0, 1])
    with pytest.raises(ValueError, match=r"^a pair of values has no NaN: .* say so$"):
        paired_difference(np.array([1.0, math.nan]), np.zeros(2), [0, 1])


def test_kappa_by_hand() -> None:
    # Cohen, 1960: agreement 3/4, by chance 1/2 x 1/4 + 1/2 x 3/4 = 1/2.
    assert cohen_kappa([1, 1, 0, 0], [1, 0, 0, 0]) == 0.5
    assert cohen_kappa([1, 0, 1], [1, 0, 1]) == 1.0
    assert cohen_kappa([1, 0], [0, 1]) == -1.0
    assert math.isnan(cohen_kappa([1, 1], [1, 1]))
    # Counts are a yes from one on.
    assert cohen_kappa([2, 2, 0, 0], [1, 0, 0, 0]) == cohen_kappa([1, 0, 0, 0], [2, 2, 0, 0]) == 0.5


@pytest.mark.parametrize(("first", "second"), [([1], [1, 0]), ([], [])])
def test_kappa_needs_two_judgements_of_the_same_images(first: list[int], second: list[int]) -> None:
    message = f"not of {len(first)} and {len(second)}"
    with pytest.raises(ValueError, match=message):
        cohen_kappa(first, second)
