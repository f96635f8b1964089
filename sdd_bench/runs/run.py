"""Run folders: `<results>/runs/<model>/<suite>/<method>-<digest>/`.

    run.json         what makes these images these images, and where they come from
    images/*.png     one per sample
    scores.parquet   one row per image: who it is, and every raw score
    sets.json        the value of every set metric

Everything is written to a temporary file first and then renamed, so a file is either whole or
absent, and nothing is ever deleted: what turns out damaged is set aside or made again in place.
"""

from __future__ import annotations

import io
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.provenance import utc_now
from sdd_bench.types import Prompt, Sample, Settings, Value, stem

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
        return {path.stem for path in (self.folder / "images").glob("*.png")}

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
        stems = {(sample.prompt.id, sample.k) for sample in samples}
        kept = [key not in stems for key in zip(scores["prompt_id"], scores["k"], strict=True)]
        if not all(kept):
            self.write_scores(scores[kept])

    def scores(self) -> pd.DataFrame:
        """One row per image, KEYS and then one float64 column per measure; empty if none."""
        path = self.folder / "scores.parquet"
        data = files.read(path)
        if data is not None:
            try:
                return _typed(pd.read_parquet(io.BytesIO(data)))
            except (OSError, ValueError, KeyError) as error:
                _set_aside(path, error)
        return _typed(pd.DataFrame(columns=list(KEYS)))

    def measures(self) -> set[str]:
        """The raw scores that there are columns of; the file is opened, not read."""
        from pyarrow import ArrowInvalid, parquet

        path = self.folder / "scores.parquet"
        try:
            return set(parquet.read_schema(path).names) - set(KEYS)
        except FileNotFoundError:
            return set()
        except ArrowInvalid:
            return set(self.scores().columns) - set(KEYS)  # which sets a damaged file aside

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
        data = files.read(path)
        if data is not None:
            try:
                content = json.loads(data)
                return {name: _set_value(cells) for name, cells in sorted(content.items())}
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                _set_aside(path, error)
        return {}

    def write_sets(self, values: Mapping[str, SetValue]) -> None:
        """Replace the values of set metrics."""
        content = {
            name: {key: None if _is_nan(cell) else cell for key, cell in asdict(value).items()}
            for name, value in sorted(values.items())
        }
        files.write_json(self.folder / "sets.json", content)


def stems(scores: pd.DataFrame) -> list[str]:
    """The file name, without its ending, of the image of each row of a run's scores."""
    return [stem(key, k) for key, k in zip(scores["prompt_id"], scores["k"], strict=True)]


# --- reading ----------------------------------------------------------------------------------


def _read_run(folder: Path) -> tuple[RunSpec, Facts]:
    path = folder / "run.json"
    data = files.read(path)
    if data is None:
        raise InputError(f"{folder} is no run folder: it has no run.json")
    try:
        content = json.loads(data)
        stored = content.pop("digest")
        fields = content.pop("spec")
        fields["settings"] = Settings(**fields["settings"])
        fields["concepts"] = tuple(fields["concepts"])
        spec, facts = RunSpec(**fields), Facts(**content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}): restore it, or move the folder "
            "away and run again"
        ) from error
    if spec.digest != stored:
        raise InputError(
            f"{path} was edited, its digest {stored} doesn't fit what it describes: restore it, or "
            "move the folder away and run again"
        )
    return spec, facts


def _typed(scores: pd.DataFrame) -> pd.DataFrame:
    """KEYS first, then the measures by name, each with its type. Raises KeyError, ValueError."""
    if "fault" not in scores:  # not in tables of version 0.1.0
        scores = scores.assign(fault="")
    measures = sorted(set(scores.columns) - set(KEYS))
    types = {key: "int64" if key in _INTEGERS else "str" for key in KEYS}
    ordered = scores[[*KEYS, *measures]].astype(types | dict.fromkeys(measures, "float64"))
    return ordered.reset_index(drop=True)


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def _set_value(cells: dict[str, Any]) -> SetValue:
    """JSON has no NaN: it is written as null."""
    return SetValue(**cells | {key: math.nan for key, cell in cells.items() if cell is None})


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(f"{path.name}.damaged")
    log.warning("%s is damaged (%s): kept as %s, scores will be made again", path, error, aside)
    with files.writing(path):
        path.replace(aside)
