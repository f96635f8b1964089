"""Which images of a run this process judges, where several are at it.

It takes blocks of them that nobody else has. A block is free again when what is known of it has
been written: whoever takes it then sees what is still to do, and nothing is judged twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdd_bench.runs import claims
from sdd_bench.runs.blocks import blocks
from sdd_bench.runs.claims import Claim
from sdd_bench.runs.run import Run
from sdd_bench.types import Sample

from .batches import TILE

Rows = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Sharing:
    """The blocks of a run's images that this process has."""

    run: Run
    names: Sequence[str]
    """The block of every row."""
    _held: dict[str, Claim] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=dict)
    """How many images of a block are still to be judged."""

    @classmethod
    def of(cls, run: Run, samples: Sequence[Sample], every: Sequence[Sample] = ()) -> Sharing:
        """None of them as yet; blocks are counted among `every` image, if these are but some."""
        names = blocks(every or samples)
        return cls(run, [names[sample.stem] for sample in samples])

    def tiles(self, rows: Rows, still: Callable[[Rows], Rows]) -> Iterator[Rows]:
        """The rows of blocks that can be had, up to TILE at a time; the last tile may be smaller.

        `still` is asked, when a block is had, which of its rows nobody has judged meanwhile.
        """
        pool: list[int] = []
        for name, own in self._by_block(rows).items():
            claim = claims.take(self._path(name))
            if claim is None:
                continue
            self._held[name], self._open[name] = claim, 0
            left = still(own).tolist()
            self._open[name] = len(left)
            pool += left
            while len(pool) >= TILE:
                yield from self._handed(pool[:TILE])
                pool = pool[TILE:]
        if pool:
            yield from self._handed(pool)

    def _handed(self, rows: Sequence[int]) -> Iterator[Rows]:
        yield np.asarray(rows, dtype=np.int64)
        for row in rows:
            self._open[self.names[row]] -= 1

    def release(self, *, all_of_them: bool = False) -> None:
        """Let others have the blocks that are judged, and whose scores have been written."""
        for name in [name for name, left in self._open.items() if all_of_them or not left]:
            del self._open[name]
            self._held.pop(name).release()

    def wait(self, rows: Rows) -> None:
        """Wait until one of the blocks that others have can be had."""
        what = f"scoring {self.run.spec.method} on {self.run.spec.suite}"
        claims.until_free([self._path(name) for name in self._by_block(rows)], what)

    def _by_block(self, rows: Rows) -> dict[str, Rows]:
        found: dict[str, list[int]] = {}
        for row in rows.tolist():
            found.setdefault(self.names[row], []).append(row)
        return {name: np.asarray(own, dtype=np.int64) for name, own in found.items()}

    def _path(self, block: str) -> Path:
        """What stands for a block, whose name no folder could have."""
        return self.run.folder / f"scoring-{block}"
