"""The program: help, version, exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sdd_bench import __version__
from support.shell import Shell

# --- score, table, list -----------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("run", "--help")])
def test_help_is_a_result(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: sdd-bench")


def test_the_version_is_a_result(shell: Shell) -> None:
    assert shell("--version").out == f"sdd-bench, version {__version__}\n"


# --- as a program -----------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "code"), [(("--version",), 0), (("nonsense",), 2)])
def test_the_program_exits_with_the_code(arguments: tuple[str, ...], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sdd_bench", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert (done.stderr == "") == (code == 0)
