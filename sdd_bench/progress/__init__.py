"""How far a long piece of work is: a bar in a terminal or a notebook, lines everywhere else.

It tells what is done, how fast that goes and how much time is left. A thread of its own shows it,
so that it goes on while a single step takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeAlias

from sdd_bench.errors import printable

from .bar import BYTES, Bar

__all__ = ["BYTES", "heard", "progress", "told", "waiting"]

Listener: TypeAlias = Callable[[Bar], None]

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)
_SILENT: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Within it, `listener` is told of each bar that moves or ends."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def told(listener: Listener) -> Iterator[None]:
    """Within it, bars are shown nowhere but to a `listener`, who is told as `heard` says."""
    token = _SILENT.set(True)
    try:
        with heard(listener):
            yield
    finally:
        _SILENT.reset(token)


@contextmanager
def progress(
    description: str,
    total: int | None,
    unit: str = "images",
    *,
    done: int | Callable[[], int] = 0,
    stays: bool = True,
) -> Iterator[Callable[[int], None]]:
    """A bar about `total` things, if known; yields a function that is told how many more are done.

    `done` is how many were done before, which say nothing about the speed; or a function that
    counts them, for work that tells nobody. Unless it `stays`, a bar is gone when the work is.
    """
    bar = Bar(printable(" ".join(description.split())), total, unit, done)
    listener = _LISTENER.get() or (lambda _: None)

    def advance(count: int) -> None:
        bar.advance(count)
        listener(bar)

    with nullcontext() if _SILENT.get() else _shown(bar, stays=stays):
        try:
            yield advance
        finally:
            bar.end()
            listener(bar)


def waiting(description: str) -> AbstractContextManager[object]:
    """A bar about work that cannot be counted: how long it has taken so far."""
    return progress(description, None, "", stays=False)


def _shown(bar: Bar, *, stays: bool) -> AbstractContextManager[None]:
    """Within it, the bar is shown in the way that suits where the user is."""
    from rich.console import Console

    from . import log, notebook, terminal

    if notebook.is_here():
        return notebook.shown(bar, stays=stays)
    console = Console(stderr=True)
    # Not `is_terminal` alone: variables that ask for colours (FORCE_COLOR) make rich take a file
    # for a terminal, and a log would be full of moving bars.
    if console.file.isatty() and console.is_terminal and not console.is_dumb_terminal:
        return terminal.shown(bar, console, stays=stays)
    return log.shown(bar, console.file)
