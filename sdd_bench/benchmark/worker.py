"""One of the processes that share a request: it does what it is told and says how far it is."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from sdd_bench import files, progress
from sdd_bench.errors import IncompleteError, SDDBenchError
from sdd_bench.progress import watch
from sdd_bench.progress.bar import Bar
from sdd_bench.progress.joint import Count
from sdd_bench.runs import claims

from . import runner
from .workers import End, Order, Word


def serve(sentence: Callable[[BaseException], tuple[str, int]]) -> None:
    """Do what the first line of stdin says, until it is done or stdin is closed.

    `sentence` is what to say of an error, with its exit code.
    """
    told = os.fdopen(os.dup(sys.__stdout__.fileno()), "w", encoding="utf-8")  # type: ignore[union-attr]  # it has one
    # Whatever a plugin prints goes where talk goes.
    os.dup2(sys.__stderr__.fileno(), sys.__stdout__.fileno())  # type: ignore[union-attr]
    order = files.parse_json(sys.stdin.readline().encode(), Order)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    os.chdir(order.folder)
    _log_to(told)
    request = replace(order.request, device=_device(order))
    with (
        progress.told(lambda bar: _say(told, Word(count=_count(bar)))),
        watch.limit(request.timeout, ends=True),
        suppress(KeyboardInterrupt),  # it is theirs who started this process
    ):
        try:
            end = End(runs=_folders(runner.run(request)))
        except Exception as error:
            message, code = sentence(error)
            runs = error.result if isinstance(error, IncompleteError) else None
            _say(told, Word(end=End(runs=_folders(runs), error=message, exit_code=code)))
            if not isinstance(error, SDDBenchError):
                raise
        else:
            _say(told, Word(end=end))


def _folders(runs: object) -> tuple[Path, ...]:
    return tuple(run.folder for run in runs) if isinstance(runs, list) else ()


def _device(order: Order) -> str:
    """A GPU of its own, as far as there are as many and none is named."""
    import torch

    there = torch.cuda.device_count()
    if order.request.device not in {"auto", "cuda"} or there < 2:
        return order.request.device
    return f"cuda:{order.place % there}"


def _count(bar: Bar) -> Count:
    return Count(bar.description, bar.unit, bar.total, bar.done - bar.before, bar.ended is not None)


def _say(told: IO[str], word: Word) -> None:
    told.write(json.dumps(asdict(word), default=str) + "\n")
    told.flush()


def _end_with_stdin() -> None:
    """End as by a signal when stdin is closed: who started this process has ended, or wants it."""
    while sys.stdin.readline():
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _log_to(told: IO[str]) -> None:
    """Have warnings and talk said by who started this process: once, and beside its bar."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _say(told, Word(said=record.getMessage(), level=record.levelno))

    logging.basicConfig(level=logging.WARNING, handlers=[Handler()], force=True)
    # Of these one waits for the other all the time, which is nothing to talk about.
    logging.getLogger(claims.__name__).setLevel(logging.WARNING)
