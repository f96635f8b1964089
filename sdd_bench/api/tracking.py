"""The work on runs, told where people watch their experiments: how far it is, and the values.

What goes wrong there stands in the way of nothing here.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import progress
from sdd_bench.errors import IncompleteError, SDDBenchError
from sdd_bench.progress.bar import BYTES, Bar, clock
from sdd_bench.runs import lookup
from sdd_bench.training.trackers import Tracker, check, tracker

if TYPE_CHECKING:
    import pandas as pd

    from sdd_bench.runs.run import Run

    from .results import RunResult

__all__ = ["Log", "check"]

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two rows of progress, as between the lines of a log."""


class _Follower:
    """Tells a tracker what bars say, from the first one on that has something to say."""

    def __init__(self, kind: str, folder: Path, name: str) -> None:
        self._kind, self._folder, self._name = kind, folder, name
        self._tracker: Tracker | None = None
        self._rows, self._due, self._failed = 0, clock() + EVERY, False

    def __call__(self, bar: Bar) -> None:
        due = bar.ended is not None or clock() >= self._due
        if self._failed or not due or bar.unit in {"", BYTES}:
            return
        what = f"{bar.description}: {bar.unit}"
        with self._warned():
            if self._tracker is None:
                self._tracker = tracker(self._kind, self._folder, self._name)
            self._tracker.log(self._rows, {what: bar.done, f"{what} per second": bar.speed})
        self._rows, self._due = self._rows + 1, clock() + EVERY

    def close(self) -> None:
        """Write what is buffered."""
        if self._tracker is not None and not self._failed:
            with self._warned():
                self._tracker.close()

    @contextmanager
    def _warned(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever such a package may raise
            self._failed = True  # whoever doesn't answer is not asked again and again
            log.warning("%s was not told of the progress: %s", self._kind, _first_line(error))


@dataclass(frozen=True, slots=True)
class Log:
    """Where work on runs is logged."""

    kind: str | None
    """tensorboard, wandb or mlflow; None: nowhere."""
    folder: Path
    name: str
    """What the work is called."""

    @classmethod
    def of_runs(cls, kind: str | None, runs: Sequence[Run]) -> Log:
        """That of runs that are scored anew."""
        folder = _results_of(runs[0]) if runs else Path()
        return cls(kind, folder, "+".join(lookup.label(run) for run in runs))

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Within it, a tracker is told how far the work is, as a run of its own."""
        if self.kind is None:
            yield
            return
        label = re.sub(r"[^\w.+-]+", "-", f"progress-{self.name}").strip("-")[:100]
        follower = _Follower(self.kind, self.folder, label)
        with closing(follower), progress.heard(follower):
            yield

    def sent(self, result: RunResult) -> list[IncompleteError]:
        """The faults, if there were any, when a tracker has got each run of the result as a run:
        what it depends on, and every value that could be measured.
        """
        if self.kind is None:
            return []
        try:
            for run in result.runs:
                _send(self.kind, run, result.frame)
        except SDDBenchError as error:
            return [IncompleteError.of([error], result)]
        except Exception as error:  # noqa: BLE001 - whatever such a package may raise
            fault = SDDBenchError(f"{self.kind} did not take the values: {_first_line(error)}")
            return [IncompleteError.of([fault], result)]
        return []


def _send(kind: str, run: Run, tidy: pd.DataFrame) -> None:
    name = f"{run.spec.suite.replace('/', '__')}-{lookup.label(run)}"
    with closing(tracker(kind, _results_of(run), name)) as log_of:
        log_of.describe(_identity(run))
        log_of.log(0, _values(run, tidy))


def _results_of(run: Run) -> Path:
    """The results folder that a run lies in; where a copy lies, for one that lies elsewhere."""
    folder, within = run.folder.resolve(), run.spec.folder.parts
    at_home = folder.parts[-len(within) :] == within
    return folder.parents[len(within) - 1] if at_home else folder.parent


def _identity(run: Run) -> dict[str, str]:
    about = {**asdict(run.spec), "digest": run.spec.digest}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in about.items()
    }


def _values(run: Run, tidy: pd.DataFrame) -> dict[str, float]:
    """Each value and the ends of its interval, as far as there are any."""
    values = {}
    for row in tidy[tidy["digest"] == run.spec.digest].to_dict("records"):
        for suffix, column in (("", "value"), (" low", "low"), (" high", "high")):
            if not math.isnan(row[column]):
                values[f"{row['definition']}{suffix}"] = float(row[column])
    return values


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.partition("\n")[0]
