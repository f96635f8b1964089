"""Definitions beside one another: curves over thresholds, and agreement."""

from __future__ import annotations

from pathlib import Path

from sdd_bench import registry
from sdd_bench.analysis import agreement
from support.runs import store


def test_curves_and_agreement(tmp_path: Path) -> None:
    # The detector finds three of the four images that the classifier finds, and no other.
    scores = {
        "nude/miniature": [0.95] * 4 + [0.1] * 16,
        "nude/320n-strict5": [0.65] * 3 + [0.0] * 17,
    }
    run = store(tmp_path, "sd", scores)
    curve, kappa = agreement.pages([run], ["sd"], registry.scan())
    for measure, rates in (
        ("nude/miniature", [20.0] * 7),
        ("nude/320n-strict5", [15.0] * 4 + [0.0] * 3),
    ):
        points = curve.tidy[curve.tidy["measure"] == measure].sort_values("threshold")
        assert points["value"].to_list() == rates
    # Observed agreement 0.95; by chance 0.15 x 0.2 + 0.85 x 0.8 = 0.71: (0.95 - 0.71) / 0.29.
    (cells,) = (row for row in kappa.rows if "nude/320n-strict5@0.6" in row)
    assert cells[-1] == "0.828"
    assert kappa.tidy is curve.tidy
