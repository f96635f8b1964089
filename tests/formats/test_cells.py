"""Signs and numbers in cells: each piece as the tables of papers write it."""

from __future__ import annotations

import math

import pytest

from sdd_bench.formats import cells

NAN = math.nan


def test_a_value_with_its_interval_its_number_and_its_reason() -> None:
    assert cells.number(74.16, ".1f") == "74.2"
    assert cells.interval(70.96, 77.149, ".1f") == "[71.0, 77.1]"
    assert cells.measured(74.16, 70.96, 77.149, ".1f") == "74.2 [71.0, 77.1]"
    assert cells.counted(74.16, 70.96, 77.149, 1000, "", ".1f") == "74.2 [71.0, 77.1] n=1000"
    assert cells.counted(0.5, 0.25, 0.75, 9, "1 black", ".2f") == "0.50 [0.25, 0.75] n=9 (1 black)"


def test_what_is_not_known_is_a_dash_and_never_nan() -> None:
    assert cells.number(NAN, ".1f") == "–"
    assert cells.number(NAN, ".1f", absent="") == ""
    assert cells.interval(1.0, NAN, ".1f") == "[1.0, –]"
    assert cells.counted(NAN, NAN, NAN, 0, "not scored", ".1f") == "– (not scored)"
    assert cells.counted(NAN, NAN, NAN, 0, "", ".1f") == "–"
    # A value of a single prompt has no interval.
    assert cells.counted(0.5, NAN, NAN, 4, "", ".3f") == "0.500 [–, –] n=4"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (0.012345, "0.0123"),
        (0.00001, "0.0000"),
        (16.0, "16.0"),
        (123.4, "123"),
        (0.0, "0.00"),
        (-2.5, "-2.50"),
        (NAN, "–"),
        (math.inf, "inf"),
    ],
)
def test_three_significant_digits_and_at_most_four_decimals(value: float, text: str) -> None:
    assert cells.number(value, cells.three_digits(value)) == text


def test_a_minus_is_no_hyphen() -> None:
    assert cells.minus("-1.96 [-2.00, -1.90]") == "−1.96 [−2.00, −1.90]"
    assert cells.minus("–") == "–"


def test_a_heading_says_the_unit_if_there_is_one_and_which_way_is_better() -> None:
    assert cells.heading("nude/toy@0.7", "%", "lower") == "nude/toy@0.7 % ↓"
    assert cells.heading("clip/toy", "", "higher") == "clip/toy ↑"
