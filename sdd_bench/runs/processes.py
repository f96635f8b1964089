"""Processes on this machine: which one this is, and whether another still runs."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import socket
import uuid
from pathlib import Path

import psutil

from sdd_bench import files
from sdd_bench.errors import SDDBenchError


def new_name() -> str:
    """A name that says which process it is of, and that nobody else ever has."""
    pid = os.getpid()
    return f"{machine()}-{pid}-{_started(pid)}-{uuid.uuid4().hex[:8]}"


def lives(name: str) -> bool | None:
    """Whether the process of a name still runs; None if this machine cannot know."""
    parts = name.split("-")
    if len(parts) != 4 or parts[0] != machine():
        return None
    return _started(int(parts[1])) == parts[2]


def is_this(name: str) -> bool:
    """Whether it is a name of this process."""
    return name.split("-")[:2] == [machine(), str(os.getpid())]


@functools.cache
def machine() -> str:
    """A name for all whose processes this one can see: hosts and containers may share theirs."""
    parts = [socket.gethostname(), str(uuid.getnode())]
    with contextlib.suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    with contextlib.suppress(SDDBenchError):
        parts.append(files.read_text(Path("/proc/sys/kernel/random/boot_id")) or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def _started(pid: int) -> str:
    """When a process began, counted from the start of the machine; empty if it has ended."""
    boot = psutil.boot_time()  # read anew, for it moves when somebody sets the clock
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return "" if ended else str(round(100 * (process.create_time() - boot)))
    except psutil.NoSuchProcess:
        return ""
