"""Stored boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.runs.boxes import NAME, read


def test_no_file_is_no_boxes(tmp_path: Path) -> None:
    assert read(tmp_path, "digest") == {}


def test_a_damaged_file_is_no_boxes_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_text('{"nude/toy": {"p_0000": [{"label": "x"}]}}')
    assert read(tmp_path, "digest") == {}
    assert "left out, as if there were no boxes" in caplog.text
