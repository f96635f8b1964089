"""Curves along trainings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sdd_bench import files
from sdd_bench.analysis.table import COLUMNS
from sdd_bench.reporting.trainings import curves

ROW = dict.fromkeys(COLUMNS, "") | {
    "model": "miniature", "suite": "body", "method": "sdd", "definition": "nude/miniature@0.7",
    "unit": "%", "value": 50.0, "low": 40.0, "high": 60.0, "n": 4,
    "noise_low": 1.0, "noise_high": 2.0,
}  # fmt: skip


def store(root: Path, rows: list[dict[str, object]]) -> Path:
    path = root / "curves" / "sdd" / "curve.parquet"
    path.parent.mkdir(parents=True)
    files.write_parquet(path, pd.DataFrame(rows))
    return path


def test_points_are_in_the_order_of_training(tmp_path: Path) -> None:
    store(
        tmp_path,
        [
            ROW | {"role": role, "iteration": iteration, "value": float(iteration)}
            for role in ("student", "teacher")
            for iteration in (20, 0, 10)
        ],
    )
    student, teacher = curves(tmp_path, {("miniature", "sdd")})
    assert (student.role, teacher.role) == ("student", "teacher")
    assert (student.iteration, student.value) == ([0, 10, 20], [0.0, 10.0, 20.0])
    assert (student.low, student.high) == ([40.0] * 3, [60.0] * 3)


def test_curves_of_other_methods_are_not_shown(tmp_path: Path) -> None:
    store(tmp_path, [ROW | {"role": "student", "iteration": 0}])
    assert curves(tmp_path, {("miniature", "esd-x-1")}) == []


@pytest.mark.parametrize("content", [b"PAR1", b""])
def test_a_damaged_curve_is_left_out_and_said(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store(tmp_path, [ROW | {"role": "student", "iteration": 0}]).write_bytes(content)
    assert curves(tmp_path, {("miniature", "sdd")}) == []
    assert "left out, as if there were no curve" in caplog.text


def test_a_curve_without_its_columns_is_left_out(tmp_path: Path) -> None:
    store(tmp_path, [ROW])
    assert curves(tmp_path, {("miniature", "sdd")}) == []
