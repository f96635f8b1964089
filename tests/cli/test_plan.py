"""The command `plan`: it says what a table costs and runs nothing."""

from __future__ import annotations

import pytest

from support.papers import own_table
from support.shell import Shell


@pytest.fixture
def mine(shell: Shell) -> str:
    return own_table(shell.folder)


def test_plan_runs_nothing(shell: Shell, mine: str) -> None:
    answer = shell("plan", mine, "--limit", 2, "--results", shell.results)
    assert answer.code == 0
    # Two methods: 40 images of two countries and 2 captions each, 3 calls of 2 rows an image.
    assert "504" in answer.out
    assert "2 CPU cores: about" in answer.out
    assert not shell.results.exists()
