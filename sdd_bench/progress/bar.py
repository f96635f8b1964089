"""What a bar says: the count, the speed, the time left, and all of it on one line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from rich.filesize import decimal

BYTES = "bytes"
"""The unit whose counts are written as megabytes and the like."""

WIDE = 40
"""Cells of a bar at most, however wide the place."""

SMALL = 10
"""Cells of a bar at least: a smaller one shows nothing, and its place is the description's."""

NAMED = 20
"""Cells that a description keeps before a bar may have any."""

clock = time.monotonic
"""Seconds since some moment."""


@dataclass(slots=True, eq=False)
class Bar:
    """How far a piece of work is."""

    description: str
    total: int | None
    unit: str
    """In the plural; empty for what cannot be counted."""
    counted: int | Callable[[], int]
    """What is done, or a function that counts it."""
    began: float = field(default_factory=lambda: clock())  # noqa: PLW0108 - tests replace it
    latest: float = 0.0
    """When the count last grew."""
    ended: float | None = None
    before: int = 0
    """What was done when it began."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.before, self.latest = self.done, self.began

    @property
    def done(self) -> int:
        """How many are done."""
        return self.counted() if callable(self.counted) else self.counted

    def advance(self, count: int) -> None:
        """Count so many more as done; any thread may."""
        with self._lock:
            assert not callable(self.counted), "what counts itself is told nothing"
            self.counted += count
            self.latest = clock()

    def end(self) -> None:
        """Stop the clock."""
        self.ended = clock()

    @property
    def seconds(self) -> float:
        """How long it has taken, or did."""
        return (clock() if self.ended is None else self.ended) - self.began

    @property
    def share(self) -> float | None:
        """The part that is done, from 0 to 1; None where nobody knows of how much."""
        if self.total is None:
            return None
        return min(1.0, self.done / self.total) if self.total else 1.0

    @property
    def speed(self) -> float:
        """Things per second, 0 as long as nothing is done.

        Of the whole time, since batches come in bursts, but not of that which the next batch has
        taken so far: the speed would fall until it is done.
        """
        seconds = self._at - self.began
        return (self.done - self.before) / seconds if seconds > 0 else 0.0

    @property
    def _at(self) -> float:
        """When as much was done as is now."""
        return self.began + self.seconds if callable(self.counted) else self.latest

    # --- words ---

    def count(self) -> str:
        """`1200/5000`, `1.2/4.0 GB`, or nothing for what cannot be counted."""
        if not self.unit:
            return ""
        if self.unit == BYTES:
            return _size(self.done, self.total)
        if self.total is None:
            return f"{self.done}"
        return f"{self.done:>{len(str(self.total))}}/{self.total}"  # of one width: nothing jumps

    def rate(self) -> str:
        """`3.1 images/s`; slow work by the minute or hour. Empty as long as nothing is done."""
        if self.unit == BYTES:
            return f"{decimal(int(self.speed))}/s" if self.speed else ""
        for per, seconds in (("s", 1), ("min", 60)):
            if self.speed * seconds >= 1:
                return f"{self.speed * seconds:.1f} {self.unit}/{per}"
        return f"{self.speed * 3600:.1f} {self.unit}/h" if self.speed else ""

    def left(self) -> str:
        """`20:34 left`; how long it has taken while that is unknown, and at the end."""
        if self.ended is not None:
            stopped = self.total is not None and self.done < self.total
            return f"{'stopped after' if stopped else 'in'} {duration(self.seconds)}"
        if self.total is None or not self.speed:
            return f"{duration(self.seconds)} so far"
        since = self.began + self.seconds - self._at
        return f"{duration(max(0.0, (self.total - self.done) / self.speed - since))} left"

    def line(self) -> str:
        """`sd on body: 1200/5000 images (24 %), 3.1 images/s, 20:34 left`."""
        count = self.count().strip()
        if self.unit != BYTES:
            count = f"{count} {self.unit}".strip()
        if self.share is not None and self.ended is None:
            count = f"{count} ({100 * self.share:.0f} %)"
        return f"{self.description}: {_joined(', ', count, self.rate(), self.left())}"

    def fitted(self, width: int) -> tuple[str, int, str]:
        """A description, the cells of the bar and the facts, together `width` cells at most.

        Count, speed and time left are what one looks for: the description shrinks, and then the
        bar goes.
        """
        facts = _joined(" ", self.count(), self.rate(), self.left())
        room = width - cell_len(facts) - 1
        if self.share is None or room < NAMED + 1 + SMALL:
            return shortened(self.description, room), 0, facts[:width]
        description = shortened(self.description, room - 1 - SMALL)
        return description, min(WIDE, room - 1 - cell_len(description)), facts


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


def _size(done: int, total: int | None) -> str:
    """`1.2/4.0 GB`."""
    if not total:
        return decimal(done)
    number, unit = decimal(total).split()
    scale = total / float(number.replace(",", ""))
    return f"{done / scale:.1f}/{number} {unit}"


def duration(seconds: float) -> str:
    """`6:30`, or `1:06:30` from an hour on."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def shortened(text: str, cells: int) -> str:
    """A text of at most that many cells, its middle left out: the suite stands at its end."""
    if cell_len(text) <= cells:
        return text
    head, tail = cells // 2, cells - cells // 2 - 1
    if tail < 1:
        return ""
    return f"{set_cell_size(text, head)}\u2026{set_cell_size(text[::-1], tail)[::-1]}"


@contextmanager
def ticking(show: Callable[[], None], pause: Callable[[], float]) -> Iterator[None]:
    """Within it, a thread calls `show` after every pause; afterwards it never does again."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(pause()):
            show()

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
