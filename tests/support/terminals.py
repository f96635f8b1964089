"""Programs in a terminal of a certain width, and what is seen there."""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import sys

import pytest

no_terminals = pytest.mark.skipif(sys.platform == "win32", reason="there is no pty on Windows")

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def drawn(written: str) -> list[str]:
    """What has been drawn, line by line, without colours and movements."""
    return [_ESCAPE.sub("", part).rstrip() for part in re.split(r"[\r\n]+", written)]


def in_terminal(
    code: str, width: int, *, interrupt: bool = False, **variables: str
) -> tuple[int, str]:
    """Exit code and everything written of a process in a terminal of that width."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": "xterm-256color", **variables},
    )
    os.close(theirs)
    written = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            block = os.read(ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            block = b""
        if not block:
            break
        written += block
        if interrupt and b"a line" in written:
            process.send_signal(signal.SIGINT)
            interrupt = False
    os.close(ours)
    return process.wait(60), written.decode()
