"""The program: help, version, exit codes."""

from __future__ import annotations

import errno
import logging
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench import __version__
from sdd_bench.cli.main import cli
from sdd_bench.cli.streams import guarded
from sdd_bench.errors import InputError
from support.shell import Answer, Shell

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


def program(*arguments: object, redirected: str) -> int:
    """The exit code of the program in a shell, with its streams redirected."""
    command = shlex.join([sys.executable, "-m", "sdd_bench", *map(str, arguments)])
    pipe = f"set -o pipefail; {command} {redirected}"
    return subprocess.run(["bash", "-c", pipe], capture_output=True, check=False).returncode


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = [sys.executable, "-m", "sdd_bench", "list", "suites"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize(
    ("arguments", "redirected", "code"),
    [
        (("list", "suites"), ">/dev/full", 4),
        (("list", "suites"), "2>/dev/full", 0),
        (("list", "suites"), ">&-", 0),
        (("list", "suites"), "2>&- >/dev/null </dev/null", 0),
        (("--help",), "| true", 0),
        (("--help",), ">/dev/full", 4),
        (("nonsense",), "2>/dev/full", 2),
        (("nonsense",), "2>&-", 2),
        (("nonsense",), "2>/dev/full >/dev/full", 2),
    ],
)
def test_what_is_said_and_lost_changes_no_verdict(
    arguments: tuple[str, ...], redirected: str, code: int
) -> None:
    assert program(*arguments, redirected=redirected) == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_log_on_a_full_disk_loses_no_work(used: Shell) -> None:
    baseline = used.folder / "baseline.json"
    results = "--results", used.results
    assert program("gate", "--update", "--baseline", baseline, *results, redirected="") == 0
    gate = "gate", "--baseline", baseline, *results
    assert program(*gate, redirected="2>/dev/full") == 0
    assert program(*gate, redirected=">/dev/full") == 4
    scores = used.stored().folder / "scores.parquet"
    stored = pd.read_parquet(scores)
    pd.DataFrame(stored.assign(**{"nude/miniature": 1.0})).to_parquet(scores)
    # What a reader has seen enough of is no verdict: a gate that fails still does.
    assert program(*gate, redirected="| true") == 1


# --- what nobody foresaw ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (MemoryError(), 4, "not enough memory: give a smaller --batch-size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), 4, "not enough memory"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.png"),
            4,
            "cannot use a.png: No space",
        ),
        (RecursionError("maximum"), 4, "something is nested too deeply to be followed"),
        (
            ModuleNotFoundError("No module", name="peft.x"),
            3,
            "the Python package 'peft' is missing",
        ),
        (KeyError("\x1b[2J"), 4, "a fault that nobody foresaw"),
        (GeneratorExit("a plugin's"), 4, "a fault that nobody foresaw"),
        (InputError("x" * 100_000), 2, "x ... x"),
    ],
)
def test_a_fault_is_one_sentence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, fault: BaseException, code: int, message: str
) -> None:
    def fails(**_: object) -> None:
        raise fault

    monkeypatch.setattr(cli.commands["doctor"], "callback", fails)
    line = shell.fails(code, "doctor")
    assert message in line
    assert "\x1b" not in line
    assert len(line) < 5000


def test_a_fault_is_named_with_its_kind_for_a_report(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(cli.commands["doctor"], "callback", fails)
    line = shell.fails(4, "doctor")
    assert "(KeyError: 'gone'; SDD_BENCH_DEBUG=1 shows the traceback)" in line
    monkeypatch.setenv("SDD_BENCH_DEBUG", "1")
    done = shell("doctor")
    assert done.code == 4
    assert "Traceback" in done.err


# --- what data says ---------------------------------------------------------------------------


def test_nothing_of_a_file_acts_in_the_terminal(shell: Shell) -> None:
    evil = "\x1b[2J\u202e\x9b31m"
    (shell.folder / "evil.csv").write_text(f"id,text,group\na{evil},x,g{evil}\nb,y,\n")
    done = shell.run(suite="evil.csv")
    if done.code == 0:
        done = Answer(
            0, done.out + shell("table", "--results", shell.results, "--by", "group").out, done.err
        )
    assert not any(letter in done.out + done.err for letter in "\x1b\u202e\x9b")
    (shell.folder / "twice.csv").write_text('id,text\n"\x1b[31mx",y\n"\x1b[31mx",y\n')
    assert r"\x1b[31mx" in shell.run_fails(2, suite="twice.csv")


def test_a_log_says_what_acts_and_does_not_act(shell: Shell) -> None:
    with guarded():
        logging.getLogger("sdd_bench.test").warning("a %s\nWARNING: b", "\x1b[2J\u202e")
    assert shell.capsys is not None
    assert shell.capsys.readouterr().err == "WARNING: a \\x1b[2J\\u202e\\nWARNING: b\n"
