"""The gate as a whole: stored runs held to a baseline file, and the file renewed if asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError, unknown
from sdd_bench.registry import Registry
from sdd_bench.runs import claims
from sdd_bench.scoring.definitions import definitions_of

from . import baseline
from .checks import judge
from .filters import only, updated
from .junit import write as write_junit
from .matching import PARTS
from .outcome import CheckResult
from .page import frame, page
from .snapshot import entry

if TYPE_CHECKING:
    import pandas as pd

    from sdd_bench.formats.page import Page
    from sdd_bench.runs.run import Run

    from .baseline import BaselineRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an update has written to a baseline file."""

    file: Path
    values: int
    runs: int

    def __str__(self) -> str:
        return f"{self.file}: {self.values} values of {self.runs} runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """The outcome of a gate, and what it has written."""

    checks: tuple[CheckResult, ...]
    page: Page | None
    """The checks as people read them; None for the first baseline, which nothing is held to."""
    update: Update | None = None
    """What was written to the baseline; None if that wasn't asked for."""
    junit: Path | None = None
    """The JUnit file, if one was written."""

    @property
    def passes(self) -> bool:
        """Whether no check fails."""
        return all(result.passes for result in self.checks)

    @property
    def frame(self) -> pd.DataFrame:
        """The tidy table: a row per check."""
        return frame(self.checks)


def check(
    file: Path,
    runs: Sequence[Run],
    plugins: Registry,
    *,
    filters: Sequence[str] = (),
    allowed: Collection[str] = (),
    strict: bool = False,
    update: bool = False,
    junit: Path | None = None,
) -> GateReport:
    """The stored runs held to the baseline in `file`, by all definitions that they have values of.

    `filters` as `only` takes them leave out the rest of both sides; `allowed` names the PARTS of an
    identity that are meant to have changed; `strict` also fails what the baseline doesn't know.
    `junit` is written with the outcome as XML, and with `update` the baseline from the runs, also
    where there is none yet. Raises InputError for an unknown filter or part, a baseline that is
    absent, damaged or without a match, and an update with nothing to write.
    """
    for part in allowed:
        if part not in PARTS:
            raise unknown("part of an identity", part, PARTS)
    first = update and not file.exists()
    kept = [] if first else baseline.read(file)
    before = only(kept, filters)
    if not before and not update:
        raise InputError(f"{file} holds nothing that matches {', '.join(filters) or 'anything'}")
    now = only([entry(run, definitions_of(run, plugins)) for run in runs], filters)
    results = [] if first else judge(before, now, allowed=allowed, strict=strict)
    if junit is not None and not first:
        write_junit(junit, results)
    return GateReport(
        checks=tuple(results),
        page=None if first else page(results, before, now),
        update=_update(file, now, filters) if update else None,
        junit=None if first else junit,
    )


def _update(file: Path, now: Sequence[BaselineRun], filters: Sequence[str]) -> Update:
    """Renew a baseline file as it is now: another update may have added to it meanwhile."""
    with claims.held(file, f"the baseline {file}"):
        kept = baseline.read(file) if file.exists() else []
        entries = updated(kept, now, filters)
        if not entries:
            raise InputError("the results hold no value to write a baseline of")
        baseline.write(file, entries)
    values = sum(len(run.measured().recorded) for run in entries)
    return Update(file=file, values=values, runs=len(entries))
