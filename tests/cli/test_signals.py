"""Signals that end the program: what is done is kept, that is said, and the cursor is back."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.shell import Shell

WAITS = """
import sys, time
from pathlib import Path
from sdd_bench.cli import main, signals, table
from sdd_bench.progress import progress

def work(**_):
    with progress("work", 10):
        Path("began").touch()
        {body}

signals.GRACE = {grace}
table.table.callback = work
sys.exit(main.main(["table"]))
"""

SLEEP = "time.sleep(600)"

HOLDS_ON = """while True:
            try:
                time.sleep(600)
            except BaseException:
                Path("caught").touch()"""


def begin(
    folder: Path, body: str = SLEEP, grace: float = 60.0, before: Sequence[str] = (), **more: int
) -> subprocess.Popen[str]:
    """The command line at work on something that only a signal can end."""
    process = subprocess.Popen(
        [*before, sys.executable, "-c", WAITS.format(body=body, grace=grace)],
        preexec_fn=listening,  # noqa: PLW1509 - it takes no lock
        cwd=folder, text=True, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )  # type: ignore[call-overload]  # fmt: skip
    wait_for(folder / "began")
    return process  # type: ignore[no-any-return]


def listening() -> None:
    """Hear the signals that `nohup make test`, or a shell for work in the background, ignores."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_ends_as_ctrl_c_does(
    tmp_path: Path, number: signal.Signals, code: int, words: str
) -> None:
    process = begin(tmp_path)
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"error: {words}; what is done is kept, the same command goes on"
    )
    assert "Traceback" not in err


def test_the_cursor_is_back_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = begin(tmp_path, stderr=theirs)
    os.close(theirs)
    process.send_signal(signal.SIGTERM)
    said = b""
    with contextlib.suppress(OSError):  # which is how a terminal's end is told
        while part := os.read(ours, 1 << 16):
            said += part
    os.close(ours)
    process.communicate()
    assert process.returncode == 143
    assert b"\x1b[?25l" in said
    assert said.rindex(b"\x1b[?25h") > said.rindex(b"\x1b[?25l")


def test_a_terminal_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = begin(tmp_path, stderr=theirs)
    os.close(theirs)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 129


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    process = begin(tmp_path, HOLDS_ON)
    process.send_signal(signal.SIGTERM)
    wait_for(tmp_path / "caught")
    time.sleep(0.6)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 143
    assert err.endswith("error: ended at once; what is on the disk is kept, and goes on\n")


def test_the_same_signal_sent_twice_is_one(tmp_path: Path) -> None:
    process = begin(tmp_path, "try: time.sleep(600)\n        finally: time.sleep(1)")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert "ended by SIGTERM; what is done is kept" in err


def test_a_library_that_does_not_let_go_has_some_time(tmp_path: Path) -> None:
    process = begin(tmp_path, HOLDS_ON, grace=1.0)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "ended at once" in err


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    process = begin(tmp_path, before=("nohup",), stdin=subprocess.DEVNULL)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.kill()
    process.communicate()


def test_python_code_keeps_its_own_handlers(shell: Shell) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert shell("list", "methods").code == 0
    assert before == [
        signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ]


@pytest.mark.parametrize("part", ["sdd_bench.cli.streams._open_closed", "threading.Thread.start"])
def test_ctrl_c_before_the_work_begins_is_no_traceback(
    part: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(part, interrupted)
    assert shell("list", "methods").failure(130).startswith("error: interrupted")
    assert signal.set_wakeup_fd(-1) == -1
