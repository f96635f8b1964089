"""Stored runs held to a baseline, and what is written of that. Nothing is generated."""

from __future__ import annotations

from pathlib import Path

from sdd_bench.errors import InputError

from .arguments import Names, place, several
from .results import GateResult


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
    results: str | Path = "results",
) -> GateResult:
    """The results held to a baseline file; `.passes` if nothing has drifted in either direction.

    `only` are filters such as suite=country_body, `allow` parts of a run's identity that are meant
    to have changed; `strict` fails what the baseline doesn't know, `update` writes it anew. With
    `record` the gate joins the history beside the baseline, as every update does, as that of
    `commit`. Files for the outcome: `junit` (XML), `summary` (Markdown, what failed or moved).
    Raises InputError.
    """
    from sdd_bench import provenance, registry
    from sdd_bench.benchmark import stored
    from sdd_bench.gating.gate import check
    from sdd_bench.gating.history import Moment

    file = place(baseline, "the baseline")
    outcomes = {"--junit": junit, "--summary": summary}
    _check_places(file, outcomes, kept=update or record, update=update)
    report = check(
        file,
        # An entry is not dropped because its run can't be read at the moment.
        stored.runs_in(place(results, "results"), whole=update),
        registry.scan(),
        filters=several(only),
        allowed=several(allow),
        strict=strict,
        update=update,
        record=record,
        moment=Moment(commit=commit, date=provenance.stamp()),
        junit=Path(junit) if junit is not None else None,
        summary=Path(summary) if summary is not None else None,
    )
    return GateResult(pages=(report.page,) if report.page else (), report=report)


def _check_places(
    baseline: Path, outcomes: dict[str, str | Path | None], *, kept: bool, update: bool
) -> None:
    """Raise InputError where something can't be written, or would take another's place."""
    from sdd_bench import files
    from sdd_bench.gating import history

    past = history.beside(baseline)
    taken = {baseline.resolve(): f"the baseline {baseline}", past.resolve(): f"the history {past}"}
    for option, given in outcomes.items():
        if given is None:
            continue
        path = Path(given).resolve()
        if path in taken:
            raise InputError(f"{option} would take the place of {taken[path]}: name another file")
        taken[path] = f"{option} {given}"
        files.check_place(Path(given), option)
    if update:
        files.check_place(baseline, "--baseline")
    if kept:
        files.check_place(past, "--baseline")
