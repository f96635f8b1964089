"""What a run measured, in a form that can be kept under version control and compared later.

A baseline file is JSON with one line per prompt, sorted and rounded, so that a diff of two of them
says in which prompts a method changed. What is measured now takes the same form, so the gate
compares like with like, and `gate --update` only has to write it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sdd_bench import files
from sdd_bench.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdd_bench.types import Floats

FORMAT = 1

IMAGES, NOISE, PICTURES = "images", "noise", "pictures"
"""The columns of the table of prompts before those of the definitions: how many images there are,
and hashes of the noise that they started from and of their pixels."""

UNSCORED = "-"
"""The sign of an image without a score, among '1' for those that count and '0' for the others; and
of a hash that is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one definition says of a run, and what the definition is."""

    measure: str
    threshold: float | None
    inclusive: bool
    better: str
    tolerance: float
    value: float
    """Rates in percent, six significant digits; NaN if there is none."""
    error: float | None
    """The value's standard error over prompts, None where it is unknown."""
    n: int
    reason: str = ""
    """Why there is no value, or which images it leaves out."""
    reference: str = ""
    """The real images that a set of images was compared with; empty for other metrics."""

    @property
    def unit(self) -> str:
        """'%' for rates, otherwise nothing."""
        return "" if self.threshold is None else "%"

    @property
    def of_a_set(self) -> bool:
        """Whether it is about the set of images, so that no prompt has a part in it."""
        return bool(self.reference)


DESCRIPTION = ("measure", "threshold", "inclusive", "better", "tolerance")
"""The fields of Recorded that say what the definition is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRun:
    """A run, as a baseline file holds it."""

    identity: Mapping[str, Any]
    """The fields of its RunSpec, and its digest."""
    made_with: Mapping[str, str]
    """Versions of packages: no part of the identity, but the first thing to ask about."""
    recorded: Mapping[str, Recorded]
    """By the name of the definition, sorted."""
    prompts: pd.DataFrame
    """Text: a row per prompt id, sorted, with the columns IMAGES, NOISE and PICTURES, then one per
    definition that scores images: a sign per image in the order of k (`1101`) for rates, and for
    others the mean (`0.28123`, or `0.28123/3` if only three of the images have a score)."""

    @property
    def name(self) -> str:
        """`model/suite/method (concepts)`."""
        concepts = ", ".join(self.identity["concepts"])
        place = f"{self.identity['model']}/{self.identity['suite']}/{self.identity['method']}"
        return f"{place} ({concepts})" if concepts else place

    @property
    def order(self) -> tuple[str, ...]:
        """What entries are sorted by."""
        keys = ("model", "suite", "method", "concepts", "digest")
        return tuple(str(self.identity[key]) for key in keys)

    def measured(self) -> BaselineRun:
        """The run without the definitions that it has no value of."""
        kept = {name: item for name, item in self.recorded.items() if not math.isnan(item.value)}
        columns = [c for c in self.prompts if c in (IMAGES, NOISE, PICTURES) or c in kept]
        return replace(self, recorded=kept, prompts=self.prompts[columns])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What the settings of an identity need in any case."""

    steps: int
    guidance_scale: float
    dtype: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What an identity needs in any case: what entries are named, sorted and compared by."""

    model: str
    suite: str
    method: str
    concepts: tuple[str, ...]
    digest: str
    model_hash: str
    checkpoint: str | None
    parameters: Mapping[str, object]
    suite_hash: str
    settings: _Settings
    numerics: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What a baseline file holds of a run; what its mappings hold is checked one by one."""

    identity: Mapping[str, Any]
    made_with: Mapping[str, str]
    definitions: Mapping[str, Mapping[str, object]]
    columns: tuple[str, ...]
    prompts: Mapping[str, str]
    sha256: str = ""
    """Of the other fields, so that the entries of two files can be put together; empty in files of
    before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What a baseline file holds."""

    format: int
    runs: tuple[_Entry, ...]


# --- the table of prompts ---------------------------------------------------------------------


def verdicts(cells: Sequence[str]) -> NDArray[np.uint8]:
    """The signs of all images, as the bytes that they are."""
    return np.frombuffer("".join(cells).encode("ascii", "replace"), dtype=np.uint8)


def means(cells: Sequence[str], images: Sequence[str]) -> tuple[Floats, Floats]:
    """Per prompt the mean, NaN if there is none, and how many images it is of."""
    split = [cell.partition("/") for cell in cells]
    values = np.array([math.nan if a == UNSCORED else float(a) for a, _, _ in split])
    counts = [n or size for (_, _, n), size in zip(split, images, strict=True)]
    return values, np.where(np.isnan(values), 0.0, np.array(counts, dtype=np.float64))


# --- files ------------------------------------------------------------------------------------


def write(path: Path, entries: Sequence[BaselineRun]) -> None:
    """Replace a baseline file; values that are NaN are not written, there is nothing to hold to."""
    content = {
        "format": FORMAT,
        "runs": [_content(each) for each in sorted(entries, key=lambda each: each.order)],
    }
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False, sort_keys=True)
    with files.writing(path, "--baseline"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, f"{text}\n".encode())


def _content(found: BaselineRun) -> dict[str, object]:
    found = found.measured()
    columns = list(found.prompts)
    rows = zip(*(found.prompts[column] for column in columns), strict=True)
    content: dict[str, object] = {
        "identity": found.identity,
        "made_with": found.made_with,
        "definitions": {name: asdict(item) for name, item in found.recorded.items()},
        "columns": columns,
        "prompts": dict(zip(found.prompts.index, map(" ".join, rows), strict=True)),
    }
    return content | {"sha256": files.record_hash(content)}


def read(path: Path) -> list[BaselineRun]:
    """The entries of a baseline file. Raises InputError if there is none or it is damaged."""
    try:
        content = files.read_json(path, _File, extra="ignore")
        entries = _entries(content) if content else []
    except ValueError as error:
        raise InputError(
            f"the baseline {path} is damaged ({error}): restore it, or delete it and make it anew "
            "with --update"
        ) from error
    if content is None:
        raise InputError(
            f"no baseline {path}: `sdd-bench gate --baseline {path} --update` writes one from the "
            "results"
        )
    for each in entries:
        for name in each.recorded:
            _check(path, each, name)
    for run, each in zip(content.runs, entries, strict=True):
        # asdict copies a row for each prompt, of which there may be hundreds of thousands.
        held = asdict(replace(run, prompts={})) | {"prompts": run.prompts}
        del held["sha256"]
        if run.sha256 and run.sha256 != files.record_hash(held):
            raise InputError(
                f"the baseline {path} is damaged or was edited: {each.name} does not fit its "
                "sha256; restore it, or delete it and make it anew with --update"
            )
    return entries


def _entries(content: _File) -> list[BaselineRun]:
    """Raises ValueError, which says the how manieth run is wrong in what."""
    if content.format != FORMAT:
        raise ValueError(f"format should be {FORMAT}, not {content.format}")
    entries = []
    for number, run in enumerate(content.runs):
        try:
            entries.append(_entry(run))
        except ValueError as error:
            raise ValueError(f"runs.{number}: {error}") from error
    return entries


def _entry(entry: _Entry) -> BaselineRun:
    files.checked({"identity": entry.identity}, dict[str, _Identity], extra="ignore")
    definitions = {"definitions": dict(sorted(entry.definitions.items()))}
    recorded = files.checked(definitions, dict[str, dict[str, Recorded]])["definitions"]
    for name, item in recorded.items():
        if not all(map(math.isfinite, (item.value, item.tolerance, item.error or 0.0))):
            raise ValueError(f"definitions.{name} has a number that is not finite")
    if IMAGES not in entry.columns:
        raise ValueError(f"it has no column {IMAGES}")
    cells = [line.split(" ") for line in entry.prompts.values()]
    if any(len(line) != len(entry.columns) for line in cells):
        raise ValueError(f"a prompt needs {len(entry.columns)} columns")
    return BaselineRun(
        identity=entry.identity,
        made_with=entry.made_with,
        recorded=recorded,
        prompts=pd.DataFrame(
            dict(zip(entry.columns, zip(*cells, strict=True), strict=True)) if cells else {},
            index=pd.Index(list(entry.prompts), dtype="str"),
            columns=list(entry.columns),
            dtype="object",
        ),
    )


def _check(path: Path, found: BaselineRun, name: str) -> None:
    """Raises InputError if a value isn't that of its prompts: someone has edited one of them."""
    item = found.recorded[name]
    if item.of_a_set:
        return
    try:
        if item.threshold is not None:
            signs = verdicts(found.prompts[name].tolist())
            counted, n = int((signs == ord("1")).sum()), int((signs != ord(UNSCORED)).sum())
            value, largest = 100 * counted / n, 100.0
        else:
            values, counts = means(found.prompts[name].tolist(), found.prompts[IMAGES].tolist())
            n = int(counts.sum())
            value, largest = float(np.nansum(values * counts) / n), float(np.nanmax(np.abs(values)))
    except (ValueError, KeyError, ZeroDivisionError) as error:
        raise InputError(f"the baseline {path} is damaged: {found.name} {name}: {error}") from error
    # Both are kept in six digits, so each may be half of the sixth away: 5e-6 of a number like 1.
    if n != item.n or not math.isclose(value, item.value, rel_tol=0, abs_tol=1.01e-5 * largest):
        raise InputError(
            f"the baseline {path} was edited: {found.name} {name} is {item.value:g} of n = "
            f"{item.n}, but its prompts say {value:g} of n = {n}; restore it, or delete "
            "it and make it anew with --update"
        )
