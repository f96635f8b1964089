"""Processes by names that are nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys

from sdd_bench.runs import processes

SAYS = "from sdd_bench.runs import processes; print(processes.new_name(), flush=True); input()"


def test_this_process_lives_and_no_two_names_are_the_same() -> None:
    names = [processes.new_name() for _ in range(3)]
    assert len(set(names)) == 3
    for name in names:
        assert processes.is_this(name)
        assert processes.lives(name)
        assert name.split("-")[1] == str(os.getpid())


def test_another_process_lives_until_it_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SAYS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert not processes.is_this(name)
        assert processes.lives(name)
        process.kill()
    assert processes.lives(name) is False


def test_nothing_is_known_of_processes_elsewhere() -> None:
    assert processes.lives("0badcafe-1-2-3") is None
    assert processes.lives("anything") is None
