"""Run folders: `<results>/runs/<model>/<suite>/<method>-<digest>/`.

    run.json         what makes these images these images, and where they come from
    images/*.png     one per sample
    scores.parquet   one row per image: who it is, and every raw score; of shards in `parts`
    sets.json        the value of every set metric
    boxes.parquet    what detectors saw where

Everything is written to a temporary file first and then renamed, so a file is either whole or
absent, and nothing is ever deleted: what turns out damaged is set aside or made again in place.
Reading moves nothing: what is damaged counts as absent, until a command that writes sets it aside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.provenance import utc_now
from sdd_bench.types import Prompt, Sample

from . import boxes, claims, images, parts, records
from . import scores as tables
from .album import Album, Look
from .identity import RunSpec
from .images import Known
from .records import RUN, SETS, Facts, SetValue
from .scores import KEYS, SCORES, has_picture, stems_of

if TYPE_CHECKING:
    from sdd_bench.types import Pixels

__all__ = ["KEYS", "Facts", "Run", "SetValue", "stems_of"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder."""

    folder: Path
    spec: RunSpec
    part: str = field(default="", compare=False)
    """The part that is judged alone and written apart, such as 2-of-4; empty: all of it."""
    digest: str = field(init=False, repr=False, compare=False)
    """The identity's, which every image is asked for: computed once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", self.spec.digest)

    @classmethod
    def create(cls, results_dir: str | Path, spec: RunSpec, part: str = "") -> Run:
        """The run of that identity below `results_dir`, or a part of it: a new one, or the one
        already there.

        What is damaged in its folder is set aside. Raises InputError if another run is there.
        """
        run = cls(Path(results_dir) / spec.folder, spec, part)
        with files.writing(run.folder):
            (run.folder / "images").mkdir(parents=True, exist_ok=True)
        run.repair()
        if files.read(run.folder / RUN) is None:
            run.write_facts(Facts(started=utc_now()))
            return run
        there = cls.open(run.folder)
        if there.digest != spec.digest or there.spec.model != spec.model:
            raise InputError(
                f"{run.folder} holds another run than its name says: move it elsewhere"
            )
        return replace(there, part=part)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """The run in a folder. Raises InputError if it holds none or its run.json is damaged."""
        spec, _ = records.read(Path(folder))
        return cls(Path(folder), spec)

    def repair(self) -> None:
        """Set aside what is damaged, so that it is made again; said. For whoever writes only."""
        _set_aside(self.folder / RUN, records.check, "it is written again")
        for name, reader in _MADE_AGAIN.items():
            own = partial(reader, digest=self.digest)
            for path in (self.folder / name, *parts.of(self.folder / name)):
                _set_aside(path, own, "scores will be made again")

    # --- how it went ---

    def facts(self) -> Facts:
        """How the run went, as far as it is known."""
        return records.read(self.folder)[1]

    def write_facts(self, facts: Facts) -> None:
        """Replace what is known about how the run went."""
        records.write(self.folder, self.spec, facts)

    def finish(
        self,
        *,
        truncated_prompts: int,
        provenance: Mapping[str, str],
        images: int | None = None,
    ) -> None:
        """Record that all images are there, `images` of them if that is not on record."""
        with claims.held(self.folder / RUN, f"{self.folder / RUN}"):
            known = self.facts()
            self.write_facts(
                replace(
                    known,
                    finished=utc_now(),
                    images=known.images if images is None else images,
                    truncated_prompts=truncated_prompts,
                    provenance=provenance,
                )
            )

    # --- images ---

    @property
    def album(self) -> Album:
        """The run's pictures."""
        return Album(self.folder, self.digest, imported=self.spec.imported)

    def image_path(self, sample: Sample) -> Path:
        """Where a sample's image is, or will be."""
        return self.album.path(sample)

    def stored(self) -> set[str]:
        """The stems of all images that are there, or have been discarded; none if the folder is
        kept elsewhere.
        """
        there = self.album.names()
        return there | self._judged() if self.facts().discarded else there

    def discarded(self, samples: Sequence[Sample]) -> set[str]:
        """The stems of those whose pictures have been removed on purpose: their scores are kept."""
        gone = self.gone() if samples else set()
        return {each.stem for each in samples if each.stem in gone} if gone else set()

    def gone(self) -> set[str]:
        """The stems of all images whose pictures have been removed on purpose."""
        return self._judged() - self.album.names() if self.facts().discarded else set()

    def _judged(self) -> set[str]:
        """The stems of the images whose pixels are known: no other picture is ever discarded."""
        scores = self.scores()
        return set(stems_of(scores[has_picture(scores)]))

    def missing(self, samples: Sequence[Sample]) -> list[Sample]:
        """Those of `samples` that have no picture of this run; damaged and foreign ones with a
        warning. Those that were discarded are not missing. Raises as `look`.
        """
        return self.look(samples).missing

    def look(self, samples: Sequence[Sample]) -> Look:
        """What `missing` sees, and what else it gets to know.

        A picture that lost its marks and is known by its pixels gets them back. Raises
        SDDBenchError for one that cannot be read.
        """
        look = self.album.look(samples, self.known)
        # Asked afterwards: another process may have discarded them meanwhile.
        gone = self.discarded(look.missing)
        look.missing = [each for each in look.missing if each.stem not in gone]
        return look

    def known(self) -> dict[str, Known]:
        """What is known of the images that have been scored."""
        scores = self.scores()
        hashes = zip(scores["noise_hash"].tolist(), scores["image_hash"].tolist(), strict=True)
        return {
            name: Known(noise=noise, pixels=pixels)
            for name, (noise, pixels) in zip(stems_of(scores), hashes, strict=True)
        }

    def save_image(self, sample: Sample, pixels: Pixels, noise_hash: str = "") -> None:
        """Write an image, uint8 (height, width, 3); the same pixels give the same bytes."""
        self.album.save(sample, pixels, noise_hash)

    def load_image(self, sample: Sample) -> tuple[Pixels, str]:
        """An image, uint8 (height, width, 3), and the hash of its noise, empty if unknown.

        Raises InputError for one that was discarded, SDDBenchError for one that cannot be read.
        """
        try:
            return images.read(self.image_path(sample))
        except SDDBenchError:
            if self.discarded([sample]):
                raise InputError(self.discarded_images) from None
            raise

    @property
    def discarded_images(self) -> str:
        """What to say to who wants pictures that were discarded."""
        return (
            f"the images of {self.spec.method} on {self.spec.suite} were discarded on purpose: to "
            f"have them, delete {self.folder} and run again without --discard-images"
        )

    def samples(self, *, besides: Collection[str] = ()) -> list[Sample]:
        """The samples that have a row of scores, without those of these stems."""
        scores = self.scores()
        if besides:
            others = [name not in besides for name in stems_of(scores)]
            scores = scores[others]
        return [
            Sample(
                suite=str(row["suite"]),
                prompt=Prompt(
                    id=str(row["prompt_id"]), text=str(row["prompt"]), group=str(row["group"])
                ),
                k=int(row["k"]),
                seed=int(row["seed"]),
            )
            for row in scores.to_dict("records")
        ]

    # --- scores ---

    @property
    def scores_path(self) -> Path:
        """The file that scores are written to."""
        return parts.path(self.folder / SCORES, self.part)

    def scores(self) -> pd.DataFrame:
        """One row per image, KEYS and then one float64 column per measure; empty if there are none
        or, with a warning, if they are damaged. Those of shards are among them.
        """
        found = self._scores(self.folder / SCORES)
        for path in parts.of(self.folder / SCORES):
            found = tables.typed(tables.joined(self._scores(path), found))
        return found

    def own_scores(self) -> pd.DataFrame:
        """The same; of a part only what it has written itself."""
        return self._scores(self.scores_path) if self.part else self.scores()

    def _scores(self, path: Path) -> pd.DataFrame:
        try:
            return tables.read(path, self.digest)
        except ValueError as error:
            log.warning("%s is damaged (%s): left out, as if there were no scores", path, error)
        return tables.typed(pd.DataFrame(columns=list(KEYS)))

    def measures(self) -> set[str]:
        """The raw scores that there are columns of; the rows are not read."""
        found: set[str] = set()
        for path in (self.folder / SCORES, *parts.of(self.folder / SCORES)):
            with suppress(ValueError):  # of which `scores` warns
                found |= tables.measures(path, self.digest)
        return found

    def write_scores(self, scores: pd.DataFrame) -> None:
        """Replace the scores. Prompts keep their order, and the images of one are sorted by k."""
        tables.write(self.scores_path, scores, self.digest)

    def sets(self) -> dict[str, SetValue]:
        """The values of set metrics by definition; empty if there are none or, with a warning, if
        they are damaged.
        """
        path = self.folder / SETS
        try:
            return records.read_sets(path, self.digest)
        except files.ContentError as error:
            log.warning("%s is damaged (%s): left out, as if there were no values", path, error)
        return {}

    def write_sets(self, values: Mapping[str, SetValue]) -> None:
        """Replace the values of set metrics."""
        records.write_sets(self.folder / SETS, values, self.digest)


_MADE_AGAIN = {SCORES: tables.read, SETS: records.read_sets, boxes.NAME: boxes.check}
"""What scoring writes, each with its reader."""


def _set_aside(path: Path, reader: Callable[[Path], object], then: str) -> None:
    try:
        reader(path)
    except ValueError as error:
        aside = files.set_aside(path, reader)
        if aside is not None:
            log.warning("%s is damaged (%s): kept as %s, %s", path, error, aside, then)
