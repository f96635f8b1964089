"""Fixtures of the gate: a baseline, and a run of now beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sdd_bench.gating import baseline
from sdd_bench.gating.baseline import BaselineRun
from support.gating import Change, entry, store_table, table


@pytest.fixture
def base(tmp_path: Path) -> BaselineRun:
    """Written and read back, as a baseline is."""
    path = tmp_path / "baseline.json"
    baseline.write(path, [entry(store_table(tmp_path / "base", table()))])
    (found,) = baseline.read(path)
    return found


@pytest.fixture
def now(tmp_path: Path) -> Callable[..., BaselineRun]:
    """A run of now with a changed table of scores."""

    def made(change: Change = lambda scores: scores, **more: object) -> BaselineRun:
        return entry(store_table(tmp_path / "now", change(table()), **more))  # type: ignore[arg-type]

    return made
