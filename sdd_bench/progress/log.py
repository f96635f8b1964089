"""Lines in a file or a pipe, as under nohup, SLURM and CI.

Who reads the log of a job wants to know whether it still moves and when it will be over. So there
is a line every INTERVAL while there is work, however many small pieces that consists of. A long
piece says at its end how long it took, which is what the time limit of the next job is made of.
Short work says nothing: a run that finds all done, or a hundred runs that are scored in a minute,
would bury the warnings among them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import psutil

from . import bar as bars
from .bar import Bar, ticking

INTERVAL = 30.0
"""Seconds between two lines."""

SHORT = 1.0
"""Seconds of work that no line is ever written about."""


class Lines:
    """The lines of all bars of this process."""

    def __init__(self) -> None:
        age = time.time() - psutil.Process().create_time()
        self.latest = bars.clock() - max(0.0, age)
        """When the last line was written; before the first, when the process began."""
        self._lock = threading.Lock()

    def pause(self) -> float:
        """Seconds until the next line is due."""
        return max(SHORT, self.latest + INTERVAL - bars.clock())

    def say(self, line: str, file: IO[str], *, last: bool = False) -> None:
        """Write a whole line, if one is due or this is the `last` one of its bar."""
        with self._lock:
            if last or bars.clock() >= self.latest + INTERVAL:
                self.latest = bars.clock()
                # A log that cannot be written any more is no reason to end an hour's work.
                with suppress(OSError, ValueError):
                    file.write(f"{line}\n")
                    file.flush()


LINES = Lines()


@contextmanager
def shown(bar: Bar, file: IO[str]) -> Iterator[None]:
    """Within it, a line now and then; at the end of long work one more."""
    try:
        with ticking(lambda: LINES.say(bar.line(), file), LINES.pause):
            yield
    finally:
        if bar.seconds >= INTERVAL:
            LINES.say(bar.line(), file, last=True)
