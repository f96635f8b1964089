"""The command `report`."""

from __future__ import annotations

from support.shell import Shell


def test_without_runs_it_says_where_to_begin(shell: Shell) -> None:
    line = shell.fails(2, "report", "--results", shell.results)
    assert "start with `sdd-bench run`" in line
