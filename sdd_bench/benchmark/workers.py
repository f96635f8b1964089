"""Processes of this machine that make and score what a request lacks, and share it among them.

Each is one that was started by hand as far as runs know: it claims what it is at, and what one
leaves undone, others do. The one that starts them says how far they all are, and ends them when it
ends; when it is killed they notice, for the pipe that it holds is closed.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from signal import Signals
from typing import TypeAlias

from sdd_bench import files
from sdd_bench.progress.joint import Count, Joint

from . import machine
from .request import Request

log = logging.getLogger(__name__)

GRACE = 30.0
"""Seconds that workers have to end once they are told to; half-made images take that long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is told: the line that it reads first."""

    request: Request
    place: int
    """Which of the workers it is, from 0."""
    folder: Path
    """Where relative paths begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What a worker has come to."""

    runs: tuple[Path, ...] = ()
    """Their folders: of all that is asked for, or of what there is if something failed."""
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a worker says, one a line: how far it is, something for people, or what it came to."""

    count: Count | None = None
    said: str = ""
    level: int = logging.WARNING
    end: End | None = None


Heard: TypeAlias = "tuple[int, Word | None]"
"""A worker's place and its word; None when it has ended."""


def work(request: Request, count: int) -> None:
    """Have so many workers do what they can; returns when all have ended.

    What is left, because some were killed or failed, is for the caller, who meets the same error.
    """
    heard: SimpleQueue[Heard] = SimpleQueue()
    with ExitStack() as stack:
        for order in orders(request, count):
            stack.enter_context(worker(order, count, heard))
        for _ in ends(heard, count):
            pass


def orders(request: Request, count: int) -> list[Order]:
    """What each of so many workers is told."""
    own, here = replace(request, workers=1, engine="local"), Path.cwd()
    return [Order(request=own, place=place, folder=here) for place in range(count)]


def ends(heard: SimpleQueue[Heard], count: int) -> Iterator[End]:
    """What so many workers come to, until all have ended; meanwhile it is shown how far they are,
    and what they say.
    """
    said = set[str]()
    with Joint().shown() as joint:
        while count:
            place, word = heard.get()
            if word is None:
                count -= 1
                joint.ended(place)
            elif word.count is not None:
                joint.told(place, word.count)
            elif word.end is not None:
                yield word.end
            elif word.said not in said:  # once, whichever of them say it
                said.add(word.said)
                log.log(word.level, "%s", word.said)


@contextmanager
def worker(order: Order, count: int, heard: SimpleQueue[Heard]) -> Iterator[None]:
    """One of so many workers that has its order, whose words are heard; it ends when this does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sdd_bench", "work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=_environment(count),
    )
    assert process.stdin is not None, "it is a pipe"
    listener = threading.Thread(target=_listen, args=(process, order.place, heard), daemon=True)
    listener.start()
    try:
        with suppress(BrokenPipeError):  # it has ended already, which is heard of
            process.stdin.write(json.dumps(asdict(order), default=str) + "\n")
            process.stdin.flush()
        yield
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join()


def _listen(process: subprocess.Popen[str], place: int, heard: SimpleQueue[Heard]) -> None:
    assert process.stdout is not None, "it is a pipe"
    with process.stdout as lines:
        for line in lines:
            with suppress(files.ContentError):  # half a line of one that was killed
                heard.put((place, files.parse_json(line.encode(), Word)))
    code = process.wait()
    if code < 0:
        heard.put((place, lost(place, f"was ended by {Signals(-code).name}")))
    heard.put((place, None))


def lost(place: int, how: str) -> Word:
    """What is said of a worker that is gone."""
    return Word(said=f"worker {place + 1} {how}: the others do its work")


def _environment(workers: int) -> dict[str, str]:
    """The environment of a worker: its share of the processor, and no spinning beside others."""
    threads = str(max(1, machine.cores() // workers))
    return {"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE", **os.environ}
