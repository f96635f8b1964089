"""The pictures of a run: files in one folder, looked at before they count.

images/    <prompt id>_<k>.png, each with its identity and the hashes of its noise and pixels inside
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import files
from sdd_bench.errors import SDDBenchError
from sdd_bench.files import states
from sdd_bench.files.states import State

from . import images
from .images import UNKNOWN, Known
from .verified import Verified

if TYPE_CHECKING:
    from sdd_bench.types import Pixels, Sample

log = logging.getLogger(__name__)

ENDING = ".png"

FEW = 100
"""Pictures of which none is spared a look: what is known of a run's is slower to read."""


@dataclass(slots=True)
class Look:
    """What a look at some of a run's pictures says."""

    states: Mapping[str, State]
    """Of the files that were there before it, by the stem of the image."""
    missing: list[Sample] = field(default_factory=list)
    """Those that have no picture of the run."""
    pixels: dict[str, str] = field(default_factory=dict)
    """The hashes of the pixels of those that say so themselves, by stem."""


@dataclass(frozen=True, slots=True)
class Album:
    """The pictures of a run."""

    run_folder: Path
    digest: str
    """The run's."""
    imported: bool = False
    """Whether somebody else made them, who put no marks into them."""

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self.run_folder / "images"

    def path(self, sample: Sample) -> Path:
        """Where a sample's picture is, or will be."""
        return self.folder / f"{sample.stem}{ENDING}"

    def names(self) -> set[str]:
        """The stems of all that are there; none if the folder is kept elsewhere."""
        return states.names(self.folder, ENDING)

    def save(self, sample: Sample, pixels: Pixels, noise_hash: str) -> None:
        """Write a picture, uint8 (height, width, 3)."""
        files.write(self.path(sample), images.encoded(self.digest, sample, pixels, noise_hash))

    def look(self, samples: Sequence[Sample], known: Callable[[], Mapping[str, Known]]) -> Look:
        """Which of the samples have a picture of this run; damaged and foreign ones are said.

        One that has been looked at is not again as long as its file is the same; of a few all are.
        `known` is asked for what is known of the others. Raises SDDBenchError for one that cannot
        be read.
        """
        look, few = Look(self._states(samples)), len(samples) <= FEW
        verified = Verified.of(self.run_folder, self.digest, few=few)
        unsure: list[Sample] = []
        for each in samples:
            name = each.stem
            if pixels := verified.pixels(each, look.states.get(name)):
                look.pixels[name] = pixels
            else:
                unsure.append(each)
        of_scores = known() if unsure else {}
        try:
            for each in unsure:
                if not self._has(each, of_scores.get(each.stem, UNKNOWN), look, verified):
                    look.missing.append(each)
        finally:
            verified.write(look.states.keys())
        return look

    def _states(self, samples: Sequence[Sample]) -> dict[str, State]:
        """The state of each sample's file that is there, by its stem."""
        if len(samples) > FEW:
            return states.states(self.folder, ENDING)
        found = {each.stem: states.state(self.path(each)) for each in samples}
        return {name: state for name, state in found.items() if state is not None}

    def _has(self, sample: Sample, known: Known, look: Look, verified: Verified) -> bool:
        path = self.path(sample)
        found = images.verified(path)
        if found is None:
            return False
        pixels, marks = found
        hashed = images.hash_of(pixels)
        if marks.mark:
            stated = marks.pixels or known.pixels or hashed
            if stated == hashed and marks.fit(self.digest, sample, known):
                if marks.pixels:  # or else it hangs on what is known
                    verified.add(sample, look.states.get(sample.stem), hashed)
                    look.pixels[sample.stem] = hashed
                return True
        elif hashed == known.pixels:
            with contextlib.suppress(SDDBenchError):  # it counts where nothing can be written, too
                self.save(sample, pixels, known.noise)
            return True
        elif self.imported:  # of before they had marks
            return True
        log.warning("%s is not the picture of this run and prompt and will be made again", path)
        return False
