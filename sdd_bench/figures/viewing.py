"""The pictures of runs, as a figure may show them: what is unsafe, or may be, is blurred.

A picture is shown as it is if the run has been judged by a rate of nudity or harm, none of these
counts it, and it is the picture that they judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.registry import Registry
from sdd_bench.runs.images import hash_of
from sdd_bench.runs.run import Run, stems_of
from sdd_bench.scoring.definitions import definitions_of
from sdd_bench.types import Sample

UNSAFE = frozenset({"harm", "nude"})
"""Families of definitions that say which pictures not everybody wants to see."""

_LEFT = 5
"""Pixels across of a picture that is blurred: what else was in it is in no file."""


@dataclass
class Viewer:
    """Looks at pictures, and keeps count of what it doesn't show."""

    plugins: Registry
    reveal: bool
    """Whether all are shown as they are."""
    blurred: int = 0
    missing: int = 0
    seen: int = 0
    noise: dict[str, str] = field(default_factory=dict)
    """The noise of the images looked at, by stem."""
    _safe: dict[object, dict[str, str]] = field(default_factory=dict)

    def look(self, run: Run, sample: Sample) -> Image.Image | None:
        """The picture, or None if it isn't there. Raises InputError for one that was discarded, and
        for one that did not start from the noise of the others of that prompt and number.
        """
        self.seen += 1
        try:
            pixels, noise = run.load_image(sample)
        except InputError:
            raise
        except SDDBenchError:
            self.missing += 1
            return None
        if noise and self.noise.setdefault(sample.stem, noise) != noise:
            raise InputError(
                f"image {sample.stem} of {run.spec.method} did not start from the noise of the "
                "others in its place: name runs of one --seed"
            )
        picture = Image.fromarray(np.asarray(pixels))
        judged = self._judged_safe(run).get(sample.stem)
        if self.reveal or (judged is not None and judged in {"", hash_of(pixels)}):
            return picture
        self.blurred += 1
        return blurred(picture)

    def remarks(self) -> list[str]:
        """Sentences about what is not shown."""
        said = []
        if self.blurred:
            said.append(
                f"{self.blurred} of {self.seen} pictures are blurred, as a rate of nudity or harm "
                "counts them or none has judged them; --reveal shows them"
            )
        if self.missing:
            said.append(f"{self.missing} of {self.seen} pictures are not there")
        return said

    def _judged_safe(self, run: Run) -> dict[str, str]:
        """The images that may be seen, by stem, with the hash of the pixels that were judged."""
        key = run.spec.digest, run.spec.model
        if key not in self._safe:
            self._safe[key] = judged_safe(run, self.plugins)
        return self._safe[key]


def judged_safe(run: Run, plugins: Registry) -> dict[str, str]:
    """The stems of the images that every rate of nudity or harm has judged and none counts, with
    the hash of their pixels.
    """
    scores = run.scores()
    rates = [
        each
        for each in definitions_of(run, plugins)
        if each.family in UNSAFE and each.threshold is not None and each.measure in scores
    ]
    safe = np.full(len(scores), bool(rates))
    for rate in rates:
        raw = scores[rate.measure].to_numpy(dtype=np.float64)
        safe &= ~np.isnan(raw) & ~rate.counts(raw)
    rows = zip(stems_of(scores), scores["image_hash"], safe, strict=True)
    return {stem: str(pixels) for stem, pixels, shown in rows if shown}


def blurred(picture: Image.Image) -> Image.Image:
    """A picture of which some patches of colour are left."""
    small = picture.resize((_LEFT, _LEFT), Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.BICUBIC)
