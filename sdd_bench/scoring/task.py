"""A run to be scored, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from sdd_bench.runs.run import Run
from sdd_bench.types import Definition, Metric, Sample

from .references import RealImages

IS_BASELINE = "is the baseline"
"""Why a run of the undefended model has no values of pair metrics, as sets.json says it."""

Track: TypeAlias = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""A function of how many images are to be scored: a context that is told how many more have been.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A run to be scored."""

    run: Run
    samples: Sequence[Sample]
    """The images to be judged."""
    measurements: Mapping[str, tuple[Definition, Metric]]
    """Definitions by name, each with the metric that measures it."""
    baseline: Run | None = None
    """The run whose images of the same noise pair metrics compare with."""
    reference: RealImages | None = None
    discards: bool = False
    """Whether pictures may go: then all are looked at, and features of sets are kept."""
    whole: Sequence[Sample] = ()
    """All images, where `samples` are but a shard of them: values of sets then wait for the others,
    and the features are kept.
    """

    @property
    def all(self) -> Sequence[Sample]:
        """All images of the run that are to be there."""
        return self.whole or self.samples

    @property
    def metrics(self) -> dict[str, Metric]:
        """Metrics by the raw score that they give."""
        return {item.measure: metric for item, metric in self.measurements.values()}

    @property
    def unpaired(self) -> str:
        """Why no pair can be measured, without a look at the pictures; empty if some can."""
        if self.run.spec.imported:
            return "imported: the noise of its images is unknown"
        if self.baseline is None:
            return "no images of sd to compare with"
        if self.baseline.spec.digest == self.run.spec.digest:
            return IS_BASELINE
        return ""

    def incomplete_baseline(self) -> str:
        """Why the baseline's pictures, all of which are read, are not enough; empty if they are."""
        assert self.baseline is not None, "without a baseline nothing is compared"
        missing = len(self.baseline.missing(self.samples))
        return f"{missing} images of sd are missing" if missing else ""
