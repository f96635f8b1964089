"""Why images have no score, beside the scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.runs import failures
from sdd_bench.runs.failures import Failures

KNOWN = {"t/picky": Failures(images={"a_0000": "it raised"}, stopped="")}


def test_what_is_written_is_read_and_nothing_leaves_no_file(tmp_path: Path) -> None:
    failures.change(tmp_path, KNOWN, KNOWN)
    assert failures.read(tmp_path) == KNOWN
    failures.change(tmp_path, KNOWN, {})
    assert list(tmp_path.iterdir()) == []
    assert failures.read(tmp_path) == {}


def test_a_damaged_file_counts_as_none_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failures.change(tmp_path, KNOWN, KNOWN)
    path = tmp_path / "failures.json"
    path.write_text(path.read_text().replace("it raised", "it didn't"))
    assert failures.read(tmp_path) == {}
    assert "failures.json is damaged" in caplog.text
