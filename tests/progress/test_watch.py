"""Code that never comes back."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from sdd_bench.progress import watch


def test_without_a_limit_code_takes_as_long_as_it_takes() -> None:
    with watch.limit(None), watch.bounded("it"):
        time.sleep(0.01)


def test_code_that_is_in_time_is_left_alone() -> None:
    with watch.limit(0.2):
        for _ in range(3):
            with watch.bounded("it"):
                time.sleep(0.1)
        time.sleep(0.3)


def busy() -> None:
    while True:
        pass


@pytest.mark.parametrize("hang", [busy, lambda: time.sleep(60), lambda: threading.Event().wait(60)])
def test_code_that_is_not_is_interrupted_and_named(hang: object) -> None:
    began = time.monotonic()
    with (
        watch.limit(0.2),
        pytest.raises(watch.OverdueError, match=r"^it did not come back within 0\.2 s"),
        watch.bounded("it"),
    ):
        hang()  # type: ignore[operator]
    assert time.monotonic() - began < 10


def test_swallowing_the_interruption_does_not_help() -> None:
    def swallow() -> None:
        try:
            time.sleep(60)
        except BaseException:  # noqa: BLE001 - as bad plugins do
            time.sleep(60)

    with watch.limit(0.1), pytest.raises(watch.OverdueError), watch.bounded("it"):
        swallow()


def test_code_that_cannot_be_interrupted_ends_the_process_when_what_is_done_is_saved(
    tmp_path: Path,
) -> None:
    script = textwrap.dedent(
        """
        import signal, sys, time
        from pathlib import Path
        from sdd_bench.progress import watch

        watch.GRACE = 0.1
        save = lambda: Path(sys.argv[1]).write_text("kept")
        with watch.limit(0.1, ends=True), watch.saving(save):
            with watch.bounded("mets.py:Deaf.score"):
                # As a library in C: the signal's handler never gets a turn.
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
                time.sleep(60)
        """
    )
    saved = tmp_path / "saved"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script, saved],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 4
    said = "error: mets.py:Deaf.score did not come back within 0.1 s (--timeout)"
    assert done.stderr.strip() == f"{said}; what is done is kept"
    assert saved.read_text() == "kept"
    assert time.monotonic() - began < 30
