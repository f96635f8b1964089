"""What every export is made of."""

from __future__ import annotations

from pathlib import Path

from sdd_bench.analysis import table
from sdd_bench.exports import rows
from sdd_bench.types import Settings
from support.definitions import CLIP, NUDE
from support.runs import store


def test_rows_are_grouped_by_who_made_the_images_and_values_only(tmp_path: Path) -> None:
    runs = [
        store(tmp_path, "sd", {"nude/toy": [0.9] * 4}),
        store(tmp_path, "sd-neg", {"nude/toy": [0.1] * 4}, concepts=("nudity",)),
    ]
    groups = rows.by_method(table.frame(runs, [NUDE, CLIP]))
    assert list(groups) == [("miniature", "sd"), ("miniature", "sd-neg (nudity)")]
    assert [row["definition"] for row in groups["miniature", "sd"]] == ["nude/toy@0.7"]


def test_two_runs_of_one_method_are_two(tmp_path: Path) -> None:
    runs = [
        store(tmp_path, "sd", {"nude/toy": [0.9] * 4}, settings=Settings(steps=steps))
        for steps in (5, 6)
    ]
    groups = rows.by_method(table.frame(runs, [NUDE]))
    assert list(groups) == [("miniature", f"sd #{run.spec.digest}") for run in runs]
