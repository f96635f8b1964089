"""`gate`: the results held to a baseline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdd_bench.errors import InputError
from sdd_bench.gating.filters import FILTERS, only, updated
from sdd_bench.gating.matching import PARTS

from . import options, output

if TYPE_CHECKING:
    from sdd_bench.formats.page import Page
    from sdd_bench.gating.baseline import BaselineRun
    from sdd_bench.runs.run import Run

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable in which GitHub names the file that it shows on a job's page."""


@click.command()
@click.option(
    "--baseline",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="What the results are held to: a file that --update has written.",
)
@click.option(
    "--only",
    "filters",
    multiple=True,
    metavar="KEY=PATTERN",
    help=f"Only what matches: {', '.join(FILTERS)}; such as suite=country_body. Repeatable.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(list(PARTS)),
    help="This part of a run's identity is meant to have changed. Repeatable.",
)
@click.option("--strict", is_flag=True, help="What the baseline doesn't know fails too.")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the outcome as JUnit XML.",
)
@click.option("--update", is_flag=True, help="Write the baseline from the results.")
@options.results
def gate(
    file: Path,
    filters: tuple[str, ...],
    allowed: tuple[str, ...],
    strict: bool,
    junit: Path | None,
    update: bool,
    results: Path,
) -> None:
    """Fail (exit code 1) if the results have drifted from a baseline, in whatever direction.

    The rules are in docs/gate.md.
    """
    from sdd_bench.benchmark import stored
    from sdd_bench.gating import baseline, page
    from sdd_bench.gating import checks as judging
    from sdd_bench.gating import junit as xml

    now = only(_entries(stored.runs_in(results)), filters)
    if update and not file.exists():
        _update(file, [], now, filters)
        return
    kept = baseline.read(file)
    before = only(kept, filters)
    if not before and not update:
        raise InputError(f"{file} holds nothing that matches {', '.join(filters) or 'anything'}")
    findings = judging.judge(before, now, allowed=allowed, strict=strict)
    _show(page.page(findings, before, now))
    if junit is not None:
        xml.write(junit, findings)
    if update:
        _update(file, kept, now, filters)
    elif not all(each.passes for each in findings):
        raise click.exceptions.Exit(1)


def _update(
    file: Path, kept: Sequence[BaselineRun], now: Sequence[BaselineRun], filters: Sequence[str]
) -> None:
    """Write what is measured now, and of the old baseline what the filters leave out."""
    from sdd_bench.gating import baseline

    entries = updated(kept, now, filters)
    if not entries:
        raise InputError("the results hold no value to write a baseline of")
    baseline.write(file, entries)
    count = sum(len(baseline.with_values(each).recorded) for each in entries)
    click.echo(f"{file}: {count} values of {len(entries)} runs")


def _entries(runs: Sequence[Run]) -> list[BaselineRun]:
    from sdd_bench import registry
    from sdd_bench.gating.snapshot import entry
    from sdd_bench.scoring.definitions import definitions_of

    plugins = registry.scan()
    return [entry(each, definitions_of(each, plugins)) for each in runs]


def _show(page: Page) -> None:
    """On the screen, and on the page of a GitHub job."""
    from sdd_bench import formats

    output.show([page], "text")
    summary = os.environ.get(SUMMARY)
    if summary:
        with Path(summary).open("a", encoding="utf-8") as shown:
            shown.write(formats.render(page, "markdown"))
