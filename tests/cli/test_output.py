"""Tables in a terminal, and in a file."""

from __future__ import annotations

import re
from collections import Counter

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


@no_terminals
@pytest.mark.parametrize(
    "arguments",
    [["weights", "list"], ["plan", "table1"], ["doctor"], ["list", "metrics"], ["table", "table1"]],
)
def test_no_word_is_broken_in_a_terminal_of_80_columns(
    arguments: list[str], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    whole = Counter(_WORD.findall(shell(*arguments).out))
    _, written = in_terminal(PROGRAM % (arguments,), 80)
    lines = drawn(written)
    assert max(map(cell_len, lines)) <= 80
    found = Counter(word for line in lines for word in _WORD.findall(line))
    # Addresses are longer than a line, and short numbers (the free memory) change meanwhile.
    assert not {w for w, n in whole.items() if found[w] < n and 5 < len(w) < 50}


_WORD = re.compile(r"[^\s┃│━─┏┓┡┩┳╇┼├┤└┘┴]+")


def test_a_table_in_a_file_is_at_least_as_wide_as_a_page(shell: Shell) -> None:
    lines = shell("weights", "list").out.splitlines()
    assert 100 < max(map(len, lines[:5])) <= 120
