"""The peak of memory: of this process alone, and kept after what took it is gone."""

from __future__ import annotations

import subprocess
import sys

import psutil
import torch

from sdd_bench.training import memory

CPU = torch.device("cpu")


def test_the_peak_stays_when_the_memory_is_given_back() -> None:
    held = psutil.Process().memory_info().rss / 1e6
    before = memory.peak(CPU)
    # It is in megabytes: what is held now is no more, and all of the machine no less.
    assert held - 1 <= before <= psutil.virtual_memory().total / 1e6
    size = int(before - held) + 300
    block = torch.ones(size * 1_000_000, dtype=torch.uint8)
    now = psutil.Process().memory_info().rss / 1e6
    del block
    assert before + 250 < memory.peak(CPU) < before + 350
    assert psutil.Process().memory_info().rss / 1e6 < now - 250


def test_the_peak_of_whoever_started_the_process_is_not_its_own() -> None:
    block = torch.ones(600_000_000, dtype=torch.uint8)
    code = (
        "import torch; from sdd_bench.training import memory; "
        "import psutil; torch.ones(1); "
        "print(memory.peak(torch.device('cpu')), psutil.Process().memory_info().rss / 1e6)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, held = map(float, done.stdout.split())
    assert block.any()
    assert held - 1 <= peak < held + 200
