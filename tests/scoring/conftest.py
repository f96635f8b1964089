"""Fixtures of scoring."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.scoring.references import RealImages
from support.references import reference_file


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealImages:
    """The features of `support.references.REAL`, for any number of images."""
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "weights"))
    return reference_file(tmp_path, "real")
