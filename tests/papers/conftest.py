"""Fixtures of the papers' tables."""

from __future__ import annotations

import pytest

from sdd_bench.papers import published
from sdd_bench.papers.published import Table


@pytest.fixture
def table() -> Table:
    """The first of the paper."""
    return published.load("table1")
