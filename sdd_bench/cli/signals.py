"""Signals that end a program: Ctrl-C, SIGTERM (of `kill`, SLURM, Docker), SIGHUP (of a terminal).

The first one unwinds the work by a KeyboardInterrupt, so that what is done is kept and said. A
second one ends the program at once, as GRACE seconds do in which a library doesn't let go. Python's
own handlers cannot: they wait for the main thread.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

GRACE = 20.0
"""Seconds that there are for the work to unwind."""

ECHO = 0.5
"""Seconds in which a second signal is the first once more: `timeout` and shells send it twice."""

_DEFAULT = (signal.SIG_DFL, signal.default_int_handler)
"""What is replaced; SIG_IGN is not: `nohup` and jobs in the background mean it."""

_SHOW_CURSOR = b"\x1b[?25h"


class _Arrived:
    """The signal that ends this command, if one has arrived."""

    number: signal.Signals | None = None


def sentence() -> tuple[str, int] | None:
    """What to say of a command that a signal has ended, and its exit code; None if none has."""
    number = _Arrived.number
    if number is None:
        return None
    how = "interrupted" if number is signal.SIGINT else f"ended by {number.name}"
    return f"{how}; what is done is kept, the same command goes on", 128 + number


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Within it, signals end the program as the module says; in the main thread only."""
    _Arrived.number = None
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
    numbers = [signal.Signals[name] for name in names]
    replaced = {each: signal.getsignal(each) for each in numbers}
    replaced = {each: handler for each, handler in replaced.items() if handler in _DEFAULT}
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(reading, set(replaced)), daemon=True)
    try:
        watch.start()
        for each in replaced:
            signal.signal(each, _unwind)
        yield
    finally:
        for each, handler in replaced.items():
            signal.signal(each, handler)
        signal.set_wakeup_fd(before)
        os.close(writing)
        if watch.ident is not None:  # it has been started
            watch.join()
        os.close(reading)


def _unwind(number: int, _: FrameType | None) -> None:
    if _Arrived.number is None:
        _Arrived.number = signal.Signals(number)
        raise KeyboardInterrupt


def _watch(reading: int, ending: set[signal.Signals]) -> None:
    """End the program where the main thread doesn't; over when the other end is closed."""
    first: tuple[int, float] | None = None
    while True:
        waiting = None if first is None else max(0.0, first[1] + GRACE - time.monotonic())
        if not select.select([reading], [], [], waiting)[0]:
            assert first is not None, "without one there is no limit"
            _end(first[0])
        arrived = os.read(reading, 1)
        if not arrived:
            return
        if arrived[0] not in ending:
            continue
        if first is None:
            first = arrived[0], time.monotonic()
        elif time.monotonic() - first[1] > ECHO:
            _end(arrived[0])


def _end(number: int) -> None:
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)
        os.write(2, b"\nerror: ended at once; what is on the disk is kept, and goes on\n")
    os._exit(128 + number)
