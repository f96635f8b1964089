"""The document inside the page."""

from __future__ import annotations

from sdd_bench.reporting.report import quantiles


def test_the_quantiles_are_those_of_printed_tables() -> None:
    # Student, 1908, and any table since: t(.975) of 1, 2, 10, 30 and 60 degrees of freedom.
    student = quantiles().student
    known = {1: 12.706, 2: 4.303, 10: 2.228, 30: 2.042, 60: 2.000}
    assert {degrees: round(student[degrees - 1], 3) for degrees in known} == known
    assert len(student) == 99
