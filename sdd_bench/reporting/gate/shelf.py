"""Which stored picture a flip is about: that of now, and that which the baseline was made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sdd_bench.analysis.values import PLACE
from sdd_bench.gating import snapshot
from sdd_bench.gating.baseline import PICTURES, UNSCORED, BaselineRun
from sdd_bench.registry import Registry
from sdd_bench.reporting.content import Source
from sdd_bench.reporting.gallery import Gallery
from sdd_bench.runs.run import Run
from sdd_bench.types import Definition

HASHES_ONLY = "the baseline holds hashes only"

OTHER = "not the picture of the baseline"

UNKNOWN = "the baseline holds no hash of it"


@dataclass(frozen=True)
class Album:
    """The images of a run, by prompt and by place among its images."""

    source: Source
    gallery: Gallery
    rows: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, run: Run, plugins: Registry) -> Album:
        """Those of a run, of which no picture is read so far."""
        source = Source.of(run, plugins)
        order, ids, bounds = snapshot.by_prompt(source.scored.scores)
        rows = {key: order[a:b].tolist() for key, (a, b) in zip(ids, bounds, strict=True)}
        return cls(source, Gallery.of(source, masked=False), rows)

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """Of the pixels of each prompt's images, as a baseline has it."""
        return snapshot.pictures(self.source.scored.scores)

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """Those that it has values of, by name."""
        return {item.name: item for item in self.source.definitions}

    def row(self, prompt: str, place: int) -> int:
        """Where an image is in the table of scores."""
        return self.rows[prompt][place]

    def text(self, row: int, column: str) -> str:
        """What the table says of an image; nothing where the cell is empty."""
        content = self.source.scored.scores[column].iat[row]
        return content if isinstance(content, str) else ""

    def number(self, row: int, column: str) -> int:
        """Likewise a whole number."""
        return int(self.source.scored.scores[column].to_numpy()[row])

    def score(self, row: int, check: str) -> float:
        """The raw score of an image by a definition; NaN where there is none."""
        item, scores = self.definitions.get(check), self.source.scored.scores
        return math.nan if item is None else float(scores[item.measure].to_numpy()[row])

    def counts(self, row: int, check: str) -> bool | None:
        """What a rate says of an image; None where there is no score."""
        score = self.score(row, check)
        if math.isnan(score):
            return None
        return bool(self.definitions[check].counts(np.array([score]))[0])


class Shelf:
    """All runs that may hold the pictures which baselines were made of."""

    def __init__(self, before: Sequence[Run], now: Sequence[Run], plugins: Registry) -> None:
        self.plugins, self.given, self.runs = plugins, len(before), [*before, *now]
        self._places = {run.spec.digest: self.given + at for at, run in enumerate(now)}
        self._albums: dict[Path, Album] = {}

    def now(self, digest: str) -> Album:
        """The run of now."""
        return self._album(self._places[digest])

    def before(self, old: BaselineRun, prompt: str) -> Album | str:
        """A run whose pictures of a prompt are those of the baseline, or why there is none."""
        wanted = old.prompts.loc[prompt, PICTURES]
        if wanted == UNSCORED:
            return UNKNOWN
        why = HASHES_ONLY
        for at, run in enumerate(self.runs):
            if any(getattr(run.spec, key) != old.identity[key] for key in PLACE):
                continue
            album = self._album(at)
            if album.hashes.get(prompt) == wanted:
                return album
            if at < self.given:
                why = OTHER
        return why

    def _album(self, at: int) -> Album:
        folder = self.runs[at].folder.resolve()  # the results of before may be those of now
        if folder not in self._albums:
            self._albums[folder] = Album.of(self.runs[at], self.plugins)
        return self._albums[folder]
