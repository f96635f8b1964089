"""Work that may never come back: a limit of time for each call of somebody else's code.

Code in Python is interrupted where it is, and the error says whose it was. Code that Python cannot
interrupt (a library's loop in C) ends the process, if whoever set the limit agreed to that, after
everything that is done has been saved.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

from sdd_bench.errors import SDDBenchError

GRACE = 5.0
"""Seconds that code has to react when its time is up, before the process ends."""

REPEAT = 1.0
"""Seconds after which code that swallowed an interruption is interrupted again."""


class OverdueError(SDDBenchError):
    """Code that did not come back in time."""


class _TimeIsUp(BaseException):
    """Raised inside the code whose time is up: no `except Exception` of its own keeps it."""


@dataclass(slots=True, eq=False)
class _Limit:
    seconds: float
    ends: bool
    saves: list[Callable[[], None]] = field(default_factory=list)


_LIMIT: ContextVar[_Limit | None] = ContextVar("limit", default=None)


@contextmanager
def limit(seconds: float | None, *, ends: bool = False) -> Iterator[None]:
    """Within it, each `bounded` call has so many seconds; None: as many as it takes.

    With `ends` the process ends, with exit code 4, where a call can't be interrupted.
    """
    token = _LIMIT.set(None if seconds is None else _Limit(seconds, ends))
    try:
        yield
    finally:
        _LIMIT.reset(token)


@contextmanager
def saving(save: Callable[[], None]) -> Iterator[None]:
    """Within it, `save` is called before a process ends that hangs."""
    current = _LIMIT.get()
    if current is None:
        yield
        return
    current.saves.append(save)
    try:
        yield
    finally:
        current.saves.remove(save)


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Raises OverdueError, which says `what` it was, if the code within takes too long."""
    current = _LIMIT.get()
    if current is None:
        yield
        return
    sentence = f"{what} did not come back within {current.seconds:g} s (--timeout)"
    try:
        with _last_resort(current, sentence), _alarm(current.seconds):
            yield
    except _TimeIsUp:
        raise OverdueError(sentence) from None


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Within it, the code of the main thread is interrupted when its time is up."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def ring(*_: object) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    try:
        # Twice, as it may ring while the first is about to stop it.
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT)
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _last_resort(current: _Limit, sentence: str) -> Iterator[None]:
    """Within it, the process ends GRACE after the time is up."""
    if not current.ends:
        yield
        return
    timer = threading.Timer(current.seconds + GRACE, _end, (current, sentence))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(current: _Limit, sentence: str) -> None:
    for save in current.saves:
        with suppress(Exception):
            save()
    with suppress(Exception):
        # The bar's terminal gets its cursor back: nothing else will run.
        shown = "\x1b[?25h" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{shown}\nerror: {sentence}; what is done is kept\n")
        sys.stderr.flush()
    os._exit(SDDBenchError.exit_code)
