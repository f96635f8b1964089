"""Images in batches of one fixed size, so that a score never depends on those scored beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from sdd_bench.errors import InputError
from sdd_bench.plugins import is_ours
from sdd_bench.types import Features, Images, Metric, Pixels

TILE = 50
"""Images that a metric sees at once; the last batch is filled up."""


class NoCaptions(tuple[str, ...]):
    """What stands for the captions of images whose prompts are not known: as many as there are
    images, and a metric that reads one of them has no score.
    """

    __slots__ = ()

    def __iter__(self) -> NoReturn:
        raise _unknown()

    def __getitem__(self, place: object) -> NoReturn:
        raise _unknown()


def _unknown() -> InputError:
    return InputError(
        "it reads the prompts of the images, and these have none: import them with --suite"
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that no metric can change for another one."""

    images: Images
    """What metrics of ours share; its pixels cannot be written to."""
    count: int
    """How many of them are there to be judged: the others fill it up."""
    captions: tuple[str, ...]
    """Those of the images, empty texts where they are not known."""
    _memos: dict[str, dict[str, Features]] = field(default_factory=dict)
    """Of each other package, its own: what it keeps there is nobody else's affair."""

    def given_to(self, metric: Metric) -> Images:
        """The images as a metric gets them: a metric that is not ours gets copies.

        A copy and not the array itself locked: torch writes into what numpy has locked.
        """
        if is_ours(metric):
            return self.images
        package = type(metric).__module__.partition(".")[0]
        memo = self._memos.setdefault(package, {})
        return Images(pixels=self.images.pixels.copy(), captions=self.images.captions, memo=memo)

    def picked(self, places: Sequence[int]) -> Batch:
        """A batch of some of its images."""
        return batch(
            [self.images.pixels[place] for place in places],
            [self.captions[place] for place in places],
        )


def batch(pixels: Sequence[Pixels], captions: Sequence[str], *, filled: bool = True) -> Batch:
    """Up to TILE images of one size, `filled` up to TILE with copies of the last."""
    extra = TILE - len(pixels) if filled else 0
    stacked = np.stack([*pixels, *[pixels[-1]] * extra])
    stacked.flags.writeable = False
    texts = (*captions, *[captions[-1]] * extra)
    known = texts if any(texts) else NoCaptions(texts)
    return Batch(Images(pixels=stacked, captions=known), len(pixels), texts)
