"""Tables in a terminal, and in a file."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from support.shell import Shell
from support.terminals import drawn, in_terminal, no_terminals

PROGRAM = "import sys; from sdd_bench.cli.main import main; sys.exit(main(%r))"


@no_terminals
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("arguments", [["weights", "list"], ["plan", "table1"]])
def test_a_table_is_no_wider_than_the_terminal(arguments: list[str], width: int) -> None:
    code, written = in_terminal(PROGRAM % (arguments,), width)
    assert code == 0, written
    table = [line for line in drawn(written) if line.startswith(("┃", "│", "┏", " n", " ─"))]
    assert width / 2 < max(map(cell_len, table)) <= width
    assert all(line[-1] in "┃│┓" for line in table if line[0] in "┃│┏")


def test_a_table_in_a_file_is_as_wide_as_ever(shell: Shell) -> None:
    lines = shell("weights", "list").out.splitlines()
    assert max(map(len, lines[:5])) == 120
