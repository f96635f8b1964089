"""Counting in a file under a claim, for processes that have to be able to import it."""

from __future__ import annotations

import time
from pathlib import Path

from sdd_bench.runs.claims import held


def count(path: Path, times: int) -> None:
    """Add one to the number in a file so many times."""
    for _ in range(times):
        with held(path, "counting"):
            number = int(path.read_text())
            time.sleep(0.001)
            path.write_text(str(number + 1))
