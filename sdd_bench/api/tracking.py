"""The values of runs, sent to where people watch their experiments."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from sdd_bench.runs import lookup
from sdd_bench.training.trackers import tracker

if TYPE_CHECKING:
    import pandas as pd

    from sdd_bench.runs.run import Run


def send(kind: str | None, runs: Sequence[Run], tidy: pd.DataFrame) -> None:
    """Each run as a run there: what it depends on, and every value of the tidy table of `runs`.

    Values that could not be measured are not sent. Without a `kind` nothing is.
    """
    for run in runs if kind else ():
        name = f"{run.spec.suite.replace('/', '__')}-{lookup.label(run)}"
        with closing(tracker(kind, run.folder.resolve().parents[3], name)) as log_of:
            log_of.describe(
                {
                    "model": run.spec.model,
                    "suite": run.spec.suite,
                    "method": run.spec.method,
                    "concepts": ", ".join(run.spec.concepts),
                    "digest": run.spec.digest,
                    "settings": repr(run.spec.settings),
                    "numerics": run.spec.numerics,
                }
            )
            of_run = tidy[tidy["digest"] == run.spec.digest].dropna(subset=["value"])
            values: dict[str, float] = {}
            for row in of_run.to_dict("records"):
                values |= {
                    f"{row['definition']}{suffix}": float(row[column])
                    for suffix, column in (("", "value"), (" low", "low"), (" high", "high"))
                }
            log_of.log(0, values)
