"""Fixtures of progress: a clock that stands still."""

from __future__ import annotations

import pytest

from sdd_bench.progress import bar
from support.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(bar, "clock", stopped)
    return stopped
