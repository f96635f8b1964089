"""What stands in the log of a job: a whole line every 30 seconds, and nothing of trifles."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sdd_bench.progress import log, progress
from sdd_bench.progress.bar import Bar
from support.clock import Clock


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> log.Lines:
    """The log of a process that has just begun, without a wait to speak of."""
    fresh = log.Lines()
    fresh.latest = time.monotonic()
    monkeypatch.setattr(log, "LINES", fresh)
    monkeypatch.setattr(log, "INTERVAL", 0.05)
    monkeypatch.setattr(log, "SHORT", 0.01)
    return fresh


def test_a_line_is_due_every_thirty_seconds(clock: Clock) -> None:
    lines, file = log.Lines(), io.StringIO()
    lines.latest = clock.now - 20  # the process began 20 s ago
    assert log.INTERVAL == 30
    assert lines.pause() == 10
    lines.say("too early", file)
    clock.now += 10
    lines.say("first", file)
    assert lines.pause() == 30
    # Another bar at the same time, or the next small one, has to wait for its turn.
    clock.now += 29
    lines.say("too early", file)
    clock.now += 1
    lines.say("second", file)
    assert file.getvalue() == "first\nsecond\n"


def test_what_is_over_at_once_has_no_line_however_long_it_was_quiet(clock: Clock) -> None:
    lines = log.Lines()
    lines.latest = clock.now - 1000
    assert lines.pause() == log.SHORT


def test_a_process_is_as_old_as_it_is() -> None:
    began = log.Lines().latest
    assert began <= time.monotonic()
    assert log.Lines().latest == pytest.approx(began, abs=1)


@pytest.mark.usefixtures("lines")
def test_a_line_comes_while_the_first_batch_takes_long() -> None:
    file = io.StringIO()
    with log.shown(Bar("sd on body", 500, "images", 0), file):
        time.sleep(0.4)
    written = file.getvalue().splitlines()
    assert len(written) >= 2
    assert written[0] == "sd on body: 0/500 images (0 %), 0:00 so far"


@pytest.mark.usefixtures("lines")
def test_nothing_is_written_afterwards() -> None:
    file = io.StringIO()
    with log.shown(Bar("sd", 5, "images", 0), file):
        time.sleep(0.2)
    written = file.getvalue()
    assert written
    assert "progress" not in {thread.name for thread in threading.enumerate()}
    time.sleep(0.2)
    assert file.getvalue() == written


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("scoring sd", 50) as advance:
        advance(50)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("lines")
def test_long_work_says_at_its_end_how_long_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("scoring sd", 50) as advance:
        time.sleep(0.2)
        advance(50)
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"scoring sd: 50/50 images, \d+\.\d images/s, in 0:00", last)


@pytest.mark.usefixtures("lines")
def test_an_interrupt_leaves_a_whole_line(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with progress("scoring sd", 50) as advance:
            time.sleep(0.2)
            advance(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    written = capsys.readouterr().err
    assert written.endswith("stopped after 0:00\n")


@pytest.mark.usefixtures("lines")
def test_many_small_pieces_are_not_silent(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        with progress(f"scoring {number}", 50):
            time.sleep(0.03)
    assert len(capsys.readouterr().err.splitlines()) >= 3


@pytest.mark.usefixtures("lines")
def test_a_log_that_is_closed_ends_no_work() -> None:
    file = io.StringIO()
    with log.shown(Bar("sd", 5, "images", 0), file):
        file.close()
        time.sleep(0.2)


# --- a run ------------------------------------------------------------------------------------

RUN = """
import sys
from sdd_bench.progress import log
log.INTERVAL = log.SHORT = 0.1
from sdd_bench.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_run_with_its_messages_in_a_file_says_how_far_it_is(tmp_path: Path) -> None:
    arguments = ("run", "--method", "sd", "--suite", "country_body", "--limit", "1",
                 "--images-per-prompt", "2", "--results", str(tmp_path))  # fmt: skip
    path = tmp_path / "job.err"
    with path.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=file,
            # Where CI asks for colours, a file is still no terminal.
            env={**os.environ, "FORCE_COLOR": "1"},
            check=False,
        )
    written = path.read_text(encoding="utf-8")
    assert done.returncode == 0, written
    assert "\r" not in written
    assert "\x1b" not in written
    shape = r"sd on country_body: [012]/2 images( \(\d+ %\))?, .*(left|so far|in) ?[\d:]*"
    assert [line for line in written.splitlines() if re.fullmatch(shape, line)], written
    assert re.search(r"^loading miniature: 0:0\d so far$", written, re.MULTILINE), written
