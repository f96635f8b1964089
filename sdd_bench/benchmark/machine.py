"""What this process may use of the machine: its cores and its memory.

A container or a job of a cluster has a part of both, which the usual counts don't know.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from sdd_bench import files
from sdd_bench.errors import SDDBenchError

_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of groups of processes."""

_OWN = Path("/proc/self/cgroup")
"""Which group this process is in."""


def cores() -> int:
    """Physical cores, as far as this process may run on them."""
    there = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if sys.platform == "linux":
        there = min(there, len(os.sched_getaffinity(0)))
    for limit in _limits("cpu.max"):
        quota, period = limit.split()
        there = min(there, int(quota) // int(period))
    return max(1, there)


def memory() -> int:
    """Bytes that may be taken now."""
    limits = (int(limit) for limit in _limits("memory.max"))
    return min([psutil.virtual_memory().available, *limits])


def _limits(name: str) -> Iterator[str]:
    """A limit as each of the groups has it that this process is in; cgroup v2, as Linux has had it
    since 2016. One that is not set is left out.
    """
    for line in _text(_OWN).splitlines():
        if line.startswith("0::"):
            group = _GROUPS / line.removeprefix("0::").lstrip("/")
            for folder in (group, *group.parents):
                limit = _text(folder / name)
                if limit and not limit.startswith("max"):
                    yield limit


def _text(path: Path) -> str:
    """What a file of the kernel says; nothing where there is none."""
    with suppress(SDDBenchError):  # or where it is nobody's business
        return (files.read(path) or b"").decode().strip()
    return ""
