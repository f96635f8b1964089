"""Fixtures of scoring."""

from __future__ import annotations

import pytest

from sdd_bench.scoring.references import Reference
from support.scoring import random_image


@pytest.fixture
def reference() -> Reference:
    return Reference("toy/real", lambda: [random_image(seed) for seed in range(5000, 5070)])
