"""The command `reproduce`: it makes what is missing, also after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.papers import own_table
from support.shell import Shell


@pytest.fixture
def mine(shell: Shell) -> str:
    return own_table(shell.folder)


def test_reproduce_makes_what_is_missing_and_nothing_twice(shell: Shell, mine: str) -> None:
    few = ("--limit", 2, "--images-per-prompt", 1, "--results", shell.results)
    first = shell("reproduce", mine, *few, "--device", "cpu", "--format", "json")
    assert first.code == 0, first.err
    rows = json.loads(first.out)
    assert [row["row"] for row in rows] == ["SD", "SD", "NEG", "NEG"]
    assert [row["n"] for row in rows] == [2, 0, 2, 2]
    assert rows[1]["reason"] == "is the baseline"
    assert rows[0]["verdict"] in {"agrees", "differs"}
    made = {path: path.stat().st_mtime_ns for path in shell.results.rglob("*") if path.is_file()}
    # Again, in a fresh interpreter: the same table, no torch, not a file touched.
    code = (
        "import sys; from sdd_bench.cli.main import main; code = main(sys.argv[1:]);"
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    command = ["reproduce", mine, *few, "--device", "cpu", "--format", "json"]
    again = subprocess.run(
        [sys.executable, "-c", code, *map(str, command)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == first.out
    assert made == {
        path: path.stat().st_mtime_ns for path in shell.results.rglob("*") if path.is_file()
    }
    # After losing an image just that one is made again.
    lost = next(iter(sorted(shell.results.rglob("*.png"))))
    lost.unlink()
    assert shell("reproduce", mine, *few, "--device", "cpu").code == 0
    assert lost.exists()
    changed = [p for p, time in made.items() if p.suffix == ".png" and p.stat().st_mtime_ns != time]
    assert changed == [lost]


def test_a_killed_reproduce_goes_on_and_makes_no_image_twice(shell: Shell, mine: str) -> None:
    def asked(results: Path) -> list[str]:
        few = ("--limit", "4", "--images-per-prompt", "1", "--batch-size", "1", "--device", "cpu")
        return ["reproduce", mine, *few, "--format", "json", "--results", str(results)]

    def images() -> dict[Path, tuple[int, int]]:
        found = {path: path.stat() for path in shell.results.glob("runs/*/*/*/images/*.png")}
        return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}

    command = [sys.executable, "-m", "sdd_bench", *asked(shell.results)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(images()) < 5:
            time.sleep(0.01)
        process.kill()
        said, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert said == b""
    # Two methods on four prompts of two suites.
    kept = images()
    assert 5 <= len(kept) < 16
    again = shell(*asked(shell.results))
    assert again.code == 0, again.err
    assert images().items() >= kept.items()
    assert len(images()) == 16
    assert again.out == shell(*asked(shell.folder / "undisturbed")).out


def test_what_is_typed_wrong_is_said(shell: Shell) -> None:
    assert "Did you mean 'table1'" in shell.fails(2, "reproduce", "tabel1")
    assert "no suite of table1 named 'i2p'. Available: coco30k, country_body" in shell.fails(
        2, "plan", "table1", "--suite", "i2p=x.csv"
    )
    assert "--suite country_body: give NAME=FILE" in shell.fails(
        2, "plan", "table1", "--suite", "country_body"
    )
    assert "no runs in" in shell.fails(2, "table", "--results", shell.results)
