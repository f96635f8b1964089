"""Run folders: `<results>/runs/<model>/<suite>/<method>-<digest>/`.

    run.json         what makes these images these images, and where they come from
    images/*.png     one per sample
    scores.parquet   one row per image: who it is, and every raw score
    sets.json        the value of every set metric

Everything is written to a temporary file first and then renamed, so a file is either whole or
absent, and nothing is ever deleted: what turns out damaged is set aside or made again in place.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.provenance import utc_now
from sdd_bench.types import Prompt, Sample, Value, stem

from . import images
from .identity import RunSpec

if TYPE_CHECKING:
    from sdd_bench.types import Pixels

log = logging.getLogger(__name__)

KEYS = (
    "suite",
    "method",
    "prompt_id",
    "prompt",
    "group",
    "k",
    "seed",
    "noise_hash",
    "image_hash",
    "fault",
)
"""The columns of scores.parquet that say which image a row is about; the others are measures."""

_INTEGERS = ("k", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How a run went: nothing that its images depend on."""

    started: str
    """UTC, ISO 8601."""
    finished: str | None = None
    """UTC, ISO 8601; None while images are missing."""
    images: int = 0
    """How many images the run has when it is complete."""
    truncated_prompts: int = 0
    """Prompts longer than the text encoder reads."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Versions, commit, machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValue(Value):
    """The value of a set metric."""

    reference: str = ""
    """The set of real images that it was measured against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunFile(Facts):
    """What run.json holds."""

    digest: str
    """Of `spec` when it was written, so that an edited file is noticed."""
    spec: RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetCells:
    """What sets.json holds of a value: JSON has no NaN, so there it is null."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""
    reference: str = ""

    def as_value(self) -> SetValue:
        value, low, high = (math.nan if x is None else x for x in (self.value, self.low, self.high))
        return SetValue(
            value=value, low=low, high=high, n=self.n, reason=self.reason, reference=self.reference
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder."""

    folder: Path
    spec: RunSpec

    @classmethod
    def create(cls, results_dir: str | Path, spec: RunSpec) -> Run:
        """The run of that identity below `results_dir`: a new one, or the one already there."""
        run = cls(Path(results_dir) / spec.folder, spec)
        with files.writing(run.folder):
            (run.folder / "images").mkdir(parents=True, exist_ok=True)
        if (run.folder / "run.json").exists():
            run = cls.open(run.folder)
            if run.spec.digest != spec.digest or run.spec.model != spec.model:
                raise InputError(
                    f"{run.folder} holds another run than its name says: move it elsewhere"
                )
            return run
        run.write_facts(Facts(started=utc_now()))
        return run

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """The run in a folder. Raises InputError if it holds none or its run.json is damaged."""
        spec, _ = _read_run(Path(folder))
        return cls(Path(folder), spec)

    # --- how it went ---

    def facts(self) -> Facts:
        """How the run went, as far as it is known."""
        return _read_run(self.folder)[1]

    def write_facts(self, facts: Facts) -> None:
        """Replace what is known about how the run went."""
        content = {"digest": self.spec.digest, "spec": asdict(self.spec), **asdict(facts)}
        files.write_json(self.folder / "run.json", content)

    def finish(self, *, images: int, truncated_prompts: int, provenance: Mapping[str, str]) -> None:
        """Record that all images are there."""
        self.write_facts(
            replace(
                self.facts(),
                finished=utc_now(),
                images=images,
                truncated_prompts=truncated_prompts,
                provenance=provenance,
            )
        )

    # --- images ---

    def image_path(self, sample: Sample) -> Path:
        """Where a sample's image is, or will be."""
        return self.folder / "images" / f"{sample.stem}.png"

    def stored(self) -> set[str]:
        """The stems of all images that are there; none if the folder is kept elsewhere."""
        return {path.stem for path in files.find(self.folder / "images", "*.png")}

    def missing(self, samples: Sequence[Sample]) -> list[Sample]:
        """Those of `samples` that have no valid image; damaged and foreign ones with a warning."""
        return [
            sample for sample in samples if not images.is_valid(self.image_path(sample), sample)
        ]

    def save_image(self, sample: Sample, pixels: Pixels, noise_hash: str = "") -> None:
        """Write an image, uint8 (height, width, 3); the same pixels give the same bytes."""
        files.write(self.image_path(sample), images.encoded(sample, pixels, noise_hash))

    def load_image(self, sample: Sample) -> tuple[Pixels, str]:
        """An image, uint8 (height, width, 3), and the hash of its noise, empty if unknown."""
        return images.read(self.image_path(sample))

    def samples(self) -> list[Sample]:
        """The samples that have a row of scores."""
        return [
            Sample(
                suite=str(row["suite"]),
                prompt=Prompt(
                    id=str(row["prompt_id"]), text=str(row["prompt"]), group=str(row["group"])
                ),
                k=int(row["k"]),
                seed=int(row["seed"]),
            )
            for row in self.scores().to_dict("records")
        ]

    # --- scores ---

    def forget(self, samples: Sequence[Sample]) -> None:
        """Drop the scores of images that are about to be made again."""
        scores = self.scores()
        remade = {(sample.prompt.id, sample.k) for sample in samples}
        kept = [key not in remade for key in zip(scores["prompt_id"], scores["k"], strict=True)]
        if not all(kept):
            self.write_scores(scores[kept])

    def scores(self) -> pd.DataFrame:
        """One row per image, KEYS and then one float64 column per measure; empty if none."""
        path = self.folder / "scores.parquet"
        try:
            stored = files.read_parquet(path)
            if stored is not None:
                if "fault" not in stored:  # tables of before pictures were looked at for faults
                    stored["fault"] = ""
                return _typed(stored)
        except ValueError as error:
            _set_aside(path, error)
        return _typed(pd.DataFrame(columns=list(KEYS)))

    def measures(self) -> set[str]:
        """The raw scores that there are columns of; the file is opened, not read."""
        try:
            columns = files.parquet_columns(self.folder / "scores.parquet") or []
        except files.ContentError:
            columns = self.scores().columns.tolist()  # which sets a damaged file aside
        return set(columns) - set(KEYS)

    def write_scores(self, scores: pd.DataFrame) -> None:
        """Replace the scores. Prompts keep their order, and the images of one are sorted by k."""
        if scores.duplicated(["prompt_id", "k"]).any():
            raise ValueError("two rows of scores are about the same image")
        # lexsort sorts by its last key first: where the prompt first appeared, then k.
        order = np.lexsort((scores["k"], pd.factorize(scores["prompt_id"])[0]))
        files.write_parquet(self.folder / "scores.parquet", _typed(scores.iloc[order]))

    def sets(self) -> dict[str, SetValue]:
        """The values of set metrics by definition; empty if none."""
        path = self.folder / "sets.json"
        try:
            stored = files.read_json(path, dict[str, _SetCells]) or {}
        except files.ContentError as error:
            _set_aside(path, error)
            return {}
        return {name: cells.as_value() for name, cells in sorted(stored.items())}

    def write_sets(self, values: Mapping[str, SetValue]) -> None:
        """Replace the values of set metrics."""
        content = {
            name: {key: None if _is_nan(cell) else cell for key, cell in asdict(value).items()}
            for name, value in sorted(values.items())
        }
        files.write_json(self.folder / "sets.json", content)


def stems_of(scores: pd.DataFrame) -> list[str]:
    """The file name, without its ending, of the image of each row of a run's scores."""
    return [stem(key, k) for key, k in zip(scores["prompt_id"], scores["k"], strict=True)]


# --- reading ----------------------------------------------------------------------------------


def _read_run(folder: Path) -> tuple[RunSpec, Facts]:
    path = folder / "run.json"
    remedy = "restore it, or move the folder away and run again"
    try:
        stored = files.read_json(path, _RunFile)
        if stored is None:
            raise InputError(f"{folder} is no run folder: it has no run.json")
        digest = stored.spec.digest
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}): {remedy}") from error
    if digest != stored.digest:
        raise InputError(
            f"{path} was edited, its digest {stored.digest} doesn't fit what it describes: {remedy}"
        )
    return stored.spec, Facts(**{each.name: getattr(stored, each.name) for each in fields(Facts)})


def _typed(scores: pd.DataFrame) -> pd.DataFrame:
    """KEYS first, then the measures by name, each with its type. Raises ValueError."""
    missing = [key for key in KEYS if key not in scores]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    measures = sorted(set(scores.columns) - set(KEYS))
    types = {key: "int64" if key in _INTEGERS else "str" for key in KEYS}
    ordered = scores[[*KEYS, *measures]].astype(types | dict.fromkeys(measures, "float64"))
    return ordered.reset_index(drop=True)


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(f"{path.name}.damaged")
    log.warning("%s is damaged (%s): kept as %s, scores will be made again", path, error, aside)
    with files.writing(path):
        path.replace(aside)
