"""Images of a rate that count now and didn't, or the reverse: the gate counts them, a page shows
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .baseline import UNSCORED, verdicts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .pair import Pair


@dataclass(frozen=True, slots=True)
class Flip:
    """An image of which a rate says otherwise than the baseline."""

    prompt: str
    """The id of its prompt."""
    place: int
    """Its place among the images of that prompt, in the order of k."""
    counts: bool
    """Whether it counts now, and didn't."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a rate says of the images that both sides have, as signs of a baseline file."""

    prompts: list[str]
    sizes: list[int]
    """Images of each prompt."""
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]

    @classmethod
    def of(cls, pair: Pair, name: str) -> Verdicts:
        """Those of the definition of that name."""
        before, now = (run.prompts.loc[pair.common, name].tolist() for run in (pair.old, pair.new))
        return cls(pair.common, [len(cell) for cell in now], verdicts(before), verdicts(now))

    @property
    def lost(self) -> int:
        """How many had a score and have none."""
        unknown = ord(UNSCORED)
        return int(((self.first != unknown) & (self.second == unknown)).sum())

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which of them both sides have a score of."""
        unknown = ord(UNSCORED)
        known: NDArray[np.bool_] = (self.first != unknown) & (self.second != unknown)
        return known

    def counted(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each that is known counted, and whether it counts."""
        known = self.known
        return self.first[known] == ord("1"), self.second[known] == ord("1")

    def flips(self) -> list[Flip]:
        """Those that flipped, in the order of prompts and images."""
        prompts = np.repeat(np.arange(len(self.sizes)), self.sizes)
        starts = np.repeat(np.cumsum([0, *self.sizes[:-1]]), self.sizes)
        flipped = np.flatnonzero(self.known & (self.first != self.second))
        return [
            Flip(self.prompts[prompts[at]], int(at - starts[at]), bool(self.second[at] == ord("1")))
            for at in flipped
        ]
