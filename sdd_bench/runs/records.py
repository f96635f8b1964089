"""What a run's folder says about the run: run.json and sets.json, with their hashes inside."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.types import Value

from .identity import RunSpec

RUN, SETS = "run.json", "sets.json"


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
    discarded: bool = False
    """Whether pictures have been removed on purpose, once they were judged."""
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


# --- run.json ---------------------------------------------------------------------------------


def read(folder: Path) -> tuple[RunSpec, Facts]:
    """What run.json in a folder says. Raises InputError if it isn't what was written, SDDBenchError
    if it cannot be read.
    """
    path = folder / RUN
    try:
        found = _parsed(path)
    except files.UnknownFieldError as error:
        raise InputError(
            f"{path} was written by another version of sdd-bench ({error}): use that one, or "
            "another --results"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path} is damaged ({error}): the `sdd-bench run` that made it writes it again"
        ) from error
    if found is None:
        raise InputError(f"{folder} is no run folder: it has no {RUN}")
    return found


def check(path: Path) -> None:
    """Raise ValueError if a run.json is damaged; one of another version is not."""
    with contextlib.suppress(files.UnknownFieldError):
        _parsed(path)


def _parsed(path: Path) -> tuple[RunSpec, Facts] | None:
    stored = files.read_record(path, _RunFile)
    if stored is None:
        return None
    if stored.spec.digest != stored.digest:
        raise files.ContentError(
            f"its digest {stored.digest} doesn't fit what it describes: it was edited"
        )
    return stored.spec, Facts(**{each.name: getattr(stored, each.name) for each in fields(Facts)})


def write(folder: Path, spec: RunSpec, facts: Facts) -> None:
    """Replace run.json."""
    content = {"digest": spec.digest, "spec": asdict(spec), **asdict(facts)}
    if not facts.discarded:  # which versions that know no such runs don't read
        del content["discarded"]
    files.write_record(folder / RUN, content)


# --- sets.json --------------------------------------------------------------------------------


def read_sets(path: Path, digest: str) -> dict[str, SetValue]:
    """The values in the sets.json of a run, none if there is none. Raises ContentError."""
    stored = files.read_record(path, dict[str, _SetCells], of=digest) or {}
    return {name: cells.as_value() for name, cells in sorted(stored.items())}


def write_sets(path: Path, values: Mapping[str, SetValue], digest: str) -> None:
    """Replace the sets.json of the run with that digest."""
    content = {
        name: {key: None if _is_nan(cell) else cell for key, cell in asdict(value).items()}
        for name, value in sorted(values.items())
    }
    files.write_record(path, content, of=digest)


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)
