"""The document inside the page."""

from __future__ import annotations

import json
import math

import pytest

from sdd_bench.reporting.document import to_json
from sdd_bench.reporting.payload import Number, PromptText
from sdd_bench.reporting.report import quantiles


def test_the_quantiles_are_those_of_printed_tables() -> None:
    # Any table of Student's t: .975, of 1, 2, 10, 30 and 60 degrees of freedom.
    student = quantiles().student
    known = {1: 12.706, 2: 4.303, 10: 2.228, 30: 2.042, 60: 2.000}
    assert {degrees: round(student[degrees - 1], 3) for degrees in known} == known
    assert len(student) == 99
    assert round(quantiles().z, 6) == 1.959964


def number(value: float) -> Number:
    return Number(value=value, low=math.nan, high=math.inf, n=3, reason="")


def test_numbers_are_exactly_what_they_were() -> None:
    single = 0.10000000149011612  # 0.1 in single precision
    for value in (0.1 + 0.2, single, 1e-300, 5e-324, -0.0):
        back = json.loads(to_json(number(value)))["value"]
        assert math.copysign(1, back) == math.copysign(1, value)
        assert back == value


def test_what_is_no_number_is_null() -> None:
    stored = json.loads(to_json(number(math.nan)))
    assert stored == {"value": None, "low": None, "high": None, "n": 3, "reason": ""}


@pytest.mark.parametrize(
    "text", ["</script>", "<!--", "]]>", "&amp;", "\u2028", "\0", "\ud800", "\u202e", "é"]
)
def test_a_text_cannot_end_its_element_and_comes_back(text: str) -> None:
    document = to_json(PromptText(id="p", text=text, group=""))
    assert document.isascii()
    assert not set("<>&\0") & set(document)
    assert json.loads(document)["text"] == text
