"""Stored runs held to a baseline, and what is written of that. Nothing is generated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError

from .arguments import Names, place, several
from .results import GateResult

if TYPE_CHECKING:
    from sdd_bench.runs.run import Run


def gate(
    baseline: str | Path,
    *,
    only: Names = (),
    allow: Names = (),
    strict: bool = False,
    update: bool = False,
    record: bool = False,
    commit: str = "",
    junit: str | Path | None = None,
    summary: str | Path | None = None,
    report: str | Path | None = None,
    before: str | Path | None = None,
    images: bool = True,
    results: str | Path = "results",
) -> GateResult:
    """The results held to a baseline file; `.passes` if nothing has drifted in either direction.

    `only` are filters such as suite=country_body, `allow` parts of a run's identity that are meant
    to have changed; `strict` fails what the baseline doesn't know, `update` writes it anew. With
    `record` the gate joins the history beside the baseline, as every update does, as that of
    `commit`. Files for the outcome: `junit` (XML), `summary` (Markdown, what failed or moved) and
    `report`, a page with the pictures that flipped (unless `images` is off); `before` is a results
    folder with those that the baseline was made of. Raises InputError.
    """
    from sdd_bench import provenance, registry
    from sdd_bench.benchmark import stored
    from sdd_bench.gating.gate import check
    from sdd_bench.gating.history import Moment

    file, plugins, date = place(baseline, "the baseline"), registry.scan(), provenance.stamp()
    outcomes = {"--junit": junit, "--summary": summary, "--report": report}
    _check_places(file, outcomes, kept=update or record, update=update)
    earlier = _earlier(before, report)
    # An entry is not dropped because its run can't be read at the moment.
    runs = stored.runs_in(place(results, "results"), whole=update)
    found = check(
        file,
        runs,
        plugins,
        filters=several(only),
        allowed=several(allow),
        strict=strict,
        update=update,
        record=record,
        moment=Moment(commit=commit, date=date),
        junit=_path(junit),
        summary=_path(summary),
    )
    if report is not None:
        from sdd_bench.reporting.gate.report import Question, write

        asked = Question(report=found, now=runs, before=earlier, images=images, made=date)
        write(Path(report), asked, plugins)
    return GateResult(pages=(found.page,) if found.page else (), report=found)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _earlier(before: str | Path | None, report: str | Path | None) -> list[Run]:
    """The runs that a baseline may have been made from. Raises InputError if there are none."""
    from sdd_bench.runs import lookup

    if before is None:
        return []
    if report is None:
        raise InputError(f"the pictures of {before} are shown on a page: name one with --report")
    runs = lookup.find(place(before, "before"))
    if not runs:
        raise InputError(
            f"no runs in {before}: --before takes the results that the baseline was made from"
        )
    return runs


def _check_places(
    baseline: Path, outcomes: dict[str, str | Path | None], *, kept: bool, update: bool
) -> None:
    """Raise InputError where something can't be written, or would take another's place."""
    from sdd_bench.gating import history
    from sdd_bench.runs import places

    past = history.beside(baseline)
    taken = {baseline.resolve(): f"the baseline {baseline}", past.resolve(): f"the history {past}"}
    for option, given in outcomes.items():
        if given is None:
            continue
        path = Path(given).resolve()
        if path in taken:
            raise InputError(f"{option} would take the place of {taken[path]}: name another file")
        taken[path] = f"{option} {given}"
        places.check(Path(given), option)
    if update:
        places.check(baseline, "--baseline")
    if kept:
        places.check(past, "--baseline")
