"""The commands `weights list`, `fetch` and `verify`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdd_bench.weights import store
from support.shell import Shell
from support.web import WRONG, toy


@pytest.fixture(autouse=True)
def folder(weights_folder: Path) -> Path:
    """Of the weights: an empty one, whatever this machine has."""
    return weights_folder


def test_list_says_what_is_here_and_which_hash_is_trusted(shell: Shell, toys: None) -> None:
    assert shell("weights", "fetch", "plain").code == 0
    answer = shell("weights", "list")
    assert answer.code == 0
    lines = {line.split()[0]: line for line in answer.out.splitlines() if line.split()}
    assert re.search(r"\bhere\b.*\b1 MB\b.*\bknown\b", lines["plain"])
    assert re.search(r"\bmissing\b.*\bon trust\b", lines["hub"])
    assert shell("weights", "fetch", "hub").code == 0
    assert re.search(r"(?m)^ *hub +here .*\brecorded\b", shell("weights", "list").out)


def test_fetch_wants_names_or_all(shell: Shell, toys: None) -> None:
    assert "or --all" in shell.fails(2, "weights", "fetch")
    assert "or --all" in shell.fails(2, "weights", "fetch", "plain", "--all")
    assert "no weight named 'plane'" in shell.fails(2, "weights", "fetch", "plane")


def test_fetch_all_goes_on_after_a_failure(shell: Shell, toys: None) -> None:
    answer = shell("weights", "fetch", "--all")
    assert answer.failure(3) == "error: 2 of 4 weights did not come: see above"
    assert store.state(toy("plain")) == store.state(toy("hub")) == "verified"


def test_verify_finds_the_damaged(shell: Shell, folder: Path, toys: None) -> None:
    assert shell("weights", "verify").code == 0  # what is missing is not wrong ...
    assert "weights fetch plain`" in shell.fails(
        3, "weights", "verify", "plain"
    )  # ... unless named
    shell("weights", "fetch", "plain")
    assert shell("weights", "verify", "plain").code == 0
    (folder / "plain" / "toy.bin").write_bytes(WRONG)
    assert "weights fetch plain`" in shell.fails(3, "weights", "verify")
