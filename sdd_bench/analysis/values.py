"""The numbers of a run: what it has been scored with, as values with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sdd_bench.runs import failures
from sdd_bench.runs.failures import Failures
from sdd_bench.runs.faults import summary
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.statistics.intervals import cluster_interval, wilson
from sdd_bench.types import Definition, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdd_bench.types import Floats


# --- columns of tidy tables ---------------------------------------------------------------------

PLACE = ("model", "suite", "method")
"""The columns that begin every tidy table of runs."""

ABOUT_RUN = (*PLACE, "concepts", "digest")
"""The columns that say of which run a row is."""

INTERVAL = ("value", "low", "high")
"""The columns of a value and of the ends of its 95 % interval over prompts. Rates are in percent.
"""

VALUE = (*INTERVAL, "noise_low", "noise_high", "n")
"""The columns of a value, its interval, Wilson's interval of a rate, and the number of images.
Wilson's is sampling noise only: images of one prompt resemble each other, and it doesn't know.
"""


def about(run: Run) -> dict[str, str]:
    """The content of the columns ABOUT_RUN."""
    spec = run.spec
    concepts = ", ".join(spec.concepts)
    cells = (spec.model, spec.suite, spec.method, concepts, spec.digest)
    return dict(zip(ABOUT_RUN, cells, strict=True))


# --- numbers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Value):
    """A value with the sampling noise of a rate; NaN where it isn't one."""

    noise_low: float = math.nan
    noise_high: float = math.nan


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run has been scored with, read once."""

    scores: pd.DataFrame
    sets: dict[str, SetValue]
    images: int
    clusters: NDArray[np.int64]
    """The prompt of each row, as a number."""
    failed: Mapping[str, Failures] = field(default_factory=dict)
    """What metrics have failed on, by raw score."""

    @classmethod
    def of(cls, run: Run) -> Scored:
        """The scores in one run folder."""
        scores = run.scores()
        clusters = pd.factorize(scores["prompt_id"])[0]
        return cls(scores, run.sets(), run.facts().images, clusters, failures.read(run.folder))

    def groups(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each group, by name; an image may be in several (`violence, hard`)."""
        labels = self.scores["group"].str.split(", ").explode()
        labels = labels[labels.fillna("") != ""]
        rows = {
            str(name): members.to_numpy() for name, members in labels.groupby(labels).groups.items()
        }
        return dict(sorted(rows.items()))

    def value(self, definition: Definition, rows: NDArray[np.int64] | None = None) -> Measured:
        """The value of a definition, over all images or those in `rows`."""
        if definition.name in self.sets and rows is None:
            stored = self.sets[definition.name]
            return Measured(**{field.name: getattr(stored, field.name) for field in fields(Value)})
        if definition.measure not in self.scores.columns:
            failed = self.failed.get(definition.measure)
            return absent(f"not scored: {failed.reason}" if failed else "not scored")
        raw = self.scores[definition.measure].to_numpy(dtype=np.float64)
        faults = self.scores["fault"].to_numpy()
        clusters = self.clusters
        total = max(self.images, len(raw))
        if rows is not None:
            raw, faults, clusters, total = raw[rows], faults[rows], clusters[rows], len(rows)
        failed = self.failed.get(definition.measure)
        reason = unscored(raw, total, faults, failed.reason if failed else "")
        return _measured(definition, raw, clusters, reason)


def unscored(raw: Floats, total: int, faults: Iterable[object], failed: str = "") -> str:
    """The reason: how many of `total` images have no raw score, what is wrong with them, and how
    their metric has `failed`.
    """
    n = int((~np.isnan(raw)).sum())
    if n == total:
        return "" if total else "no images"
    wrong = "; ".join(each for each in (summary([str(fault) for fault in faults]), failed) if each)
    return f"{total - n} of {total} images unscored" + (f" ({wrong})" if wrong else "")


def _measured(
    definition: Definition, raw: Floats, clusters: NDArray[np.int64], reason: str
) -> Measured:
    """The value of raw scores, some of which may be NaN."""
    scored = ~np.isnan(raw)
    n = int(scored.sum())
    if not n:
        return absent(reason)
    if definition.threshold is None:
        value, low, high = cluster_interval(raw[scored], clusters[scored])
        return Measured(value=value, low=low, high=high, n=n, reason=reason)
    return rate(definition.counts(raw[scored]).astype(np.float64), clusters[scored], reason)


def rate(events: Floats, clusters: NDArray[np.int64], reason: str = "") -> Measured:
    """The rate of 0/1 `events` (N,) in percent, N > 0, with its interval over `clusters` (N,)."""
    noise_low, noise_high = wilson(round(events.sum()), events.size)
    value, low, high = cluster_interval(events, clusters)
    return Measured(
        value=100 * value,
        low=100 * low,
        high=100 * high,
        n=events.size,
        reason=reason,
        noise_low=100 * noise_low,
        noise_high=100 * noise_high,
    )


def absent(reason: str) -> Measured:
    """No value, and why."""
    return Measured(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason)
