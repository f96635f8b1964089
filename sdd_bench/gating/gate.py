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

from . import baseline, history
from .checks import Judged, by_run
from .filters import only, updated
from .history import Held, Moment
from .junit import write as write_junit
from .matching import PARTS
from .outcome import CheckResult
from .page import frame, page
from .snapshot import entry
from .summary import write as write_summary

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

    runs: tuple[Judged, ...]
    """The checks run by run; none for the first baseline, which nothing is held to."""
    page: Page | None
    """The checks as people read them; None for the first baseline."""
    history: tuple[Held, ...]
    """The gates before, the first one first, and this one."""
    update: Update | None = None
    """What was written to the baseline; None if that wasn't asked for."""
    junit: Path | None = None
    """The JUnit file, if one was written."""

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """All checks, in the order of the baseline; those of new runs come last."""
        return tuple(check for run in self.runs for check in run.checks)

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
    record: bool = False,
    moment: Moment = Moment(),  # noqa: B008 - it is frozen
    junit: Path | None = None,
    summary: Path | None = None,
) -> GateReport:
    """The stored runs held to the baseline in `file`, by all definitions that they have values of.

    `filters` leave out the rest of both sides; `allowed` names the PARTS of an identity that are
    meant to have changed; `strict` also fails what the baseline doesn't know. `junit` and `summary`
    are files for the outcome. `update` writes the baseline from the runs, also where there is none
    yet; an update joins the history beside it, and with `record` any gate does, as of that
    `moment`. Raises InputError for an unknown filter or part, a baseline that is absent, damaged or
    without a match, and an update with nothing to write.
    """
    for part in allowed:
        if part not in PARTS:
            raise unknown("part of an identity", part, PARTS)
    first = update and not file.exists()
    before = only([] if first else baseline.read(file), filters)
    if not before and not update:
        raise InputError(f"{file} holds nothing that matches {', '.join(filters) or 'anything'}")
    now = only([entry(run, definitions_of(run, plugins)) for run in runs], filters)
    judged = [] if first else by_run(before, now, allowed=allowed, strict=strict)
    results = [check for run in judged for check in run.checks]
    shown = None if first else page(results, before, now)
    past = history.read(history.beside(file))
    if shown is not None:
        _write(shown, results, junit, summary)
    written = _update(file, now, filters) if update else None
    held = history.of_update(now, moment) if update else history.of_checks(results, moment)
    if record or update:
        history.append(history.beside(file), held)
    return GateReport(
        runs=tuple(judged),
        page=shown,
        history=(*(past[:-1] if past and history.same(past[-1], held) else past), held),
        update=written,
        junit=None if first else junit,
    )


def _write(
    page: Page, results: Sequence[CheckResult], junit: Path | None, summary: Path | None
) -> None:
    if junit is not None:
        write_junit(junit, results)
    if summary is not None:
        write_summary(summary, page, results)


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
