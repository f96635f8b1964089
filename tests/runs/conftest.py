"""Fixtures of runs: an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.runs.run import Run
from support.runs import SLD_WEAK


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, SLD_WEAK)
