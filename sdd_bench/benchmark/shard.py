"""A shard: one of several fixed parts of the images, for processes that cannot ask each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sdd_bench.errors import InputError
from sdd_bench.runs.blocks import blocks
from sdd_bench.types import Sample


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of every suite's images: each image is in one of them."""

    number: int
    """Which it is, from 1."""
    count: int
    """How many there are."""

    @classmethod
    def parse(cls, text: object) -> Shard:
        """The shard that a text like 2/4 names. Raises InputError."""
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text) if isinstance(text, str) else None
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(
                f"a shard is I/N, one of N parts counted from 1, such as 1/4 to 4/4: not {text!r}"
            )
        return cls(int(found[1]), int(found[2]))

    @property
    def name(self) -> str:
        """What files are called by it: 2-of-4."""
        return f"{self.number}-of-{self.count}"

    def of(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """Its part of all samples of a suite: every N-th block of them, so that batches are full
        and the part is the same in every process.
        """
        names = blocks(samples)
        turns = {name: turn for turn, name in enumerate(dict.fromkeys(sorted(names.values())))}
        own = self.number - 1
        return tuple(each for each in samples if turns[names[each.stem]] % self.count == own)
