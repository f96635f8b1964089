"""How far several processes are together: a bar after the other, each of all that take part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from . import progress
from .bar import BYTES

Advance: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Count:
    """How far one process is with a piece of work that others may be at."""

    what: str
    unit: str
    total: int | None
    """What there was to do when this process began, by whomever."""
    done: int
    """Of that, by this process."""
    over: bool


@dataclass(slots=True, eq=False)
class Joint:
    """The bar of the piece of work that most recently began and is not over."""

    _counts: dict[str, dict[int, Count]] = field(default_factory=dict)
    """The latest count of each process, by the piece of work."""
    _bar: tuple[str, AbstractContextManager[Advance], Advance, int] | None = None
    """What is shown, how to end it and to advance it, and how far it is."""

    @contextmanager
    def shown(self) -> Iterator[Joint]:
        """Within it, bars are shown."""
        try:
            yield self
        finally:
            self._end()

    def told(self, place: int, count: Count) -> None:
        """Have a process's count. Work that cannot be counted together is not shown."""
        if count.unit in {"", BYTES} or count.total is None:
            return
        self._counts.setdefault(count.what, {})[place] = count
        self._show()

    def ended(self, place: int) -> None:
        """Know that a process has ended: it is at nothing any more."""
        for counts in self._counts.values():
            if place in counts:
                known = counts[place]
                counts[place] = Count(known.what, known.unit, known.total, known.done, over=True)
        self._show()

    def _show(self) -> None:
        if self._bar is not None and self._is_over(self._bar[0]):
            self._draw()
            self._end()
        if self._bar is None:
            what = next((what for what in self._counts if not self._is_over(what)), None)
            if what is None:
                return
            some, done = next(iter(self._counts[what].values())), self._done(what)
            # What was done while another bar was shown says nothing about the speed.
            bar = progress(what, self._total(what), some.unit, done=done)
            self._bar = (what, bar, bar.__enter__(), done)
        self._draw()

    def _draw(self) -> None:
        assert self._bar is not None, "there is something to draw"
        what, bar, advance, shown = self._bar
        done = self._done(what)
        if done > shown:
            advance(done - shown)
            self._bar = (what, bar, advance, done)

    def _end(self) -> None:
        if self._bar is not None:
            bar, self._bar = self._bar[1], None
            bar.__exit__(None, None, None)

    def _done(self, what: str) -> int:
        return min(self._total(what), sum(each.done for each in self._counts[what].values()))

    def _total(self, what: str) -> int:
        return max(each.total or 0 for each in self._counts[what].values())

    def _is_over(self, what: str) -> bool:
        return all(each.over for each in self._counts[what].values())
