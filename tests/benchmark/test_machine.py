"""What a process may use of the machine, in a container too."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from sdd_bench.benchmark import machine


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of 64 cores with 100 GB free, and where its groups of processes are."""
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 128 if logical else 64)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(128)), raising=False)
    total = psutil.virtual_memory()._replace(available=100 * 10**9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: total)
    groups, own = tmp_path / "cgroup", tmp_path / "own"
    (groups / "job" / "step").mkdir(parents=True)
    own.write_text("0::/job/step\n")
    monkeypatch.setattr(machine, "_GROUPS", groups)
    monkeypatch.setattr(machine, "_OWN", own)
    return groups


def test_a_machine_without_limits_is_all_there(big: Path) -> None:
    (big / "job" / "cpu.max").write_text("max 100000\n")
    (big / "job" / "memory.max").write_text("max\n")
    assert (machine.cores(), machine.memory()) == (64, 100 * 10**9)


def test_the_smallest_limit_of_all_groups_counts(big: Path) -> None:
    # 350 of every 100 ms are three cores and a half; the outer group would let it have eight.
    (big / "job" / "cpu.max").write_text("800000 100000\n")
    (big / "job" / "step" / "cpu.max").write_text("350000 100000\n")
    (big / "cpu.max").write_text("max 100000\n")
    (big / "job" / "memory.max").write_text(f"{4 << 30}\n")
    assert (machine.cores(), machine.memory()) == (3, 4 << 30)
    (big / "job" / "step" / "cpu.max").write_text("50000 100000\n")
    assert machine.cores() == 1


def test_cores_on_which_it_may_not_run_are_none_of_its(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    assert machine.cores() == 3


def test_where_nothing_is_known_there_is_one_core(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: None)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.setattr(machine, "_OWN", big / "none")
    assert machine.cores() == 1
