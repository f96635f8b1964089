"""The pictures of runs: each is read when it is asked for, checked, and masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.runs.images import hash_of, refuse_unreadable
from sdd_bench.types import Prompt, Sample

from .content import Source
from .masks import Mask
from .sampling import Place

DISCARDED, MISSING, DAMAGED, OTHER = (
    "discarded",
    "missing",
    "damaged",
    "not the one that was scored",
)
"""Why there is no picture."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """The pictures of one run, in the order of its rows."""

    source: Source
    absent: list[str]
    """Why there can't be one, before any is read; mostly empty."""
    mask: Mask
    masked: bool
    """Whether it is drawn."""

    @classmethod
    def of(cls, source: Source, *, masked: bool) -> Gallery:
        """Those of a run, of which only the names are read so far."""
        folder = source.run.folder / "images"
        there = {path.stem for path in files.find(folder, "*.png")}
        gone = DISCARDED if source.facts.discarded else MISSING
        return cls(
            source,
            ["" if each in there else gone for each in source.stems],
            Mask.of(source.run, source.scored.scores),
            masked,
        )

    def picture(self, row: int) -> Image.Image | str:
        """The picture of a row in RGB, or why there is none. Raises SDDBenchError for one that
        cannot be read, which is neither damaged nor absent.
        """
        source = self.source
        if self.absent[row]:
            return self.absent[row]
        scores = source.scored.scores
        prompt = Prompt(id=str(scores["prompt_id"].iat[row]), text="")
        sample = Sample(suite="", prompt=prompt, k=int(str(scores["k"].iat[row])), seed=0)
        try:
            pixels = source.run.load_image(sample)[0]
        except InputError:
            return DISCARDED
        except SDDBenchError as error:
            if isinstance(error.__cause__, Exception):
                refuse_unreadable(source.run.image_path(sample), error.__cause__)
            return DAMAGED
        if scores["image_hash"].iat[row] not in {"", hash_of(pixels)}:
            return OTHER
        picture = Image.fromarray(pixels)
        return self.mask.drawn(sample.stem, picture) if self.masked else picture

    def covered(self) -> int:
        """How many pictures are black altogether, as no detector has looked at them."""
        return self.masked * sum(
            not why and self.mask.seen(stem) is None
            for why, stem in zip(self.absent, self.source.stems, strict=True)
        )


def there(galleries: Sequence[Gallery]) -> list[Place]:
    """All pictures that there seem to be."""
    return [
        (run, row)
        for run, gallery in enumerate(galleries)
        for row, why in enumerate(gallery.absent)
        if not why
    ]
