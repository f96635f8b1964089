"""What is said reaches who reads it, does nothing there, and costs nothing where it is lost."""

from __future__ import annotations

import logging
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench.cli.streams import _spelt, guarded
from support.shell import Answer, Shell

# --- streams that are lost ----------------------------------------------------------------------


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


def test_a_damaged_file_is_told_of_once(used: Shell) -> None:
    path = used.stored().folder / "sets.json"
    path.write_text("{")
    said = used("table", "--results", used.results).err
    assert said.count("WARNING: ") == said.count("sets.json is damaged") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1251"])
def test_a_frame_is_one_in_every_encoding(encoding: str) -> None:
    text = "┏━━┓\n┃ %↓ ┃\n│ – │\n└──┘"
    assert _spelt(text, "utf-8") == text
    spelt = _spelt(text, encoding)
    assert spelt.encode(encoding).isascii()
    assert spelt == "+--+\n| %v |\n| - |\n+--+"
