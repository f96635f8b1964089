"""What the last gates said: a small file beside the baseline, with one gate a line."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.runs import claims

if TYPE_CHECKING:
    from .baseline import BaselineRun
    from .outcome import CheckResult

log = logging.getLogger(__name__)

KEPT = 200
"""Gates that are kept, the last ones."""

LARGEST = 1_000_000
"""Bytes of the file; of large gates fewer are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a gate is held, and to what; both come from outside."""

    commit: str = ""
    """Empty where it is unknown."""
    date: str = ""
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A value, and what it was held to."""

    run: str
    check: str
    """The name of the definition."""
    unit: str
    value: float
    baseline: float
    allowed: float | None
    """How far apart the two may be; None where they cannot be compared."""
    passes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A gate that was held."""

    commit: str
    date: str
    outcome: Literal["passed", "failed", "updated"]
    points: tuple[Point, ...]
    """In the order of the checks; values that are NaN are left out."""


def of_checks(checks: Iterable[CheckResult], moment: Moment) -> Held:
    """A gate by what it has found."""
    found = list(checks)
    return Held(
        commit=moment.commit,
        date=moment.date,
        outcome="passed" if all(each.passes for each in found) else "failed",
        points=tuple(
            Point(
                run=each.run,
                check=each.check,
                unit=each.unit,
                value=_rounded(each.value),
                baseline=_rounded(each.baseline),
                allowed=None if math.isnan(each.allowed) else _rounded(each.allowed),
                passes=each.passes,
            )
            for each in found
            if not math.isnan(each.value)
        ),
    )


def of_update(entries: Iterable[BaselineRun], moment: Moment) -> Held:
    """An update of the baseline: what the next gates are held to."""
    return Held(
        commit=moment.commit,
        date=moment.date,
        outcome="updated",
        points=tuple(
            Point(
                run=run.name,
                check=name,
                unit=item.unit,
                value=item.value,
                baseline=item.value,
                allowed=item.tolerance,
                passes=True,
            )
            for run in entries
            for name, item in run.measured().recorded.items()
        ),
    )


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


# --- the file ---------------------------------------------------------------------------------


def beside(baseline: Path) -> Path:
    """The history of a baseline file."""
    return baseline.with_name(f"{baseline.stem}.history.jsonl")


def read(path: Path) -> list[Held]:
    """The gates of a history, the last one last; damaged lines are left out, and said. Nothing if
    there is no file. Raises InputError for a folder.
    """
    found = []
    lines = _lines(path)
    for number, line in lines[-KEPT:]:
        try:
            found.append(files.parse_record(line, Held, extra="ignore"))
        except files.ContentError as error:
            log.warning("line %d of the history %s is left out: %s", number, path, error)
    if not lines and files.exists(path):
        log.warning("the history %s is empty", path)
    return found


def append(path: Path, held: Held) -> None:
    """Add a gate to a history, which others may do at the same time. The one that is the last
    already is not added again.
    """
    with claims.held(path, f"the history {path}"), files.writing(path, "--baseline"):
        lines = [line for _, line in _lines(path)]
        if lines and _same(lines[-1], held):
            return
        lines = [*lines, _line(held)][-KEPT:]
        while len(lines) > 1 and sum(map(len, lines)) > LARGEST - len(lines):
            del lines[0]
        files.write(path, b"\n".join(lines), b"\n")


def _line(held: Held) -> bytes:
    """A gate with its hash, so that nobody's flipped bit is taken for a measurement."""
    content = asdict(held)
    sealed = {**content, "sha256": files.record_hash(content)}
    return json.dumps(sealed, allow_nan=False).encode()


def _lines(path: Path) -> list[tuple[int, bytes]]:
    """The lines that are not empty, each with its number."""
    if path.is_dir():
        raise InputError(f"the history {path} is a folder: move it away, or name another baseline")
    lines = (files.read(path) or b"").split(b"\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _same(line: bytes, held: Held) -> bool:
    """Whether a line says the same."""
    try:
        return same(files.parse_record(line, Held, extra="ignore"), held)
    except files.ContentError:
        return False


def same(one: Held, other: Held) -> bool:
    """Whether it is the same gate, whenever that was."""
    return replace(one, date=other.date) == other
