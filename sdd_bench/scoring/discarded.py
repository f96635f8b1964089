"""Images whose pictures have been discarded, or may be: what is known of them is all there is.

A picture may go when no metric that was asked for has anything left to see of it: each has judged
it, or could not judge any. Features of sets are kept, so that a bigger set still has a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.runs import failures
from sdd_bench.runs.run import Run, stems_of
from sdd_bench.runs.scores import has_picture
from sdd_bench.types import PairMetric, SetMetric

from . import located
from .kept import KeptFeatures
from .task import Task
from .work import Work

OWN, OF_BASELINE = "images were discarded", "the images of sd were discarded"
"""Why a metric has no score of an image, as tables say it."""

Rows = NDArray[np.bool_]


@dataclass(slots=True)
class Refused:
    """What is asked of pictures that are not there any more."""

    measures: list[str] = field(default_factory=list)
    """The raw scores that some image will never have."""
    unpaired: dict[str, str] = field(default_factory=dict)
    """Pair metrics that have no score at all, and why."""
    gaps: dict[str, str] = field(default_factory=dict)
    """Why others have none of some images."""

    def error(self, run: Run) -> InputError:
        """What to say of one of the measures."""
        return InputError(run.discarded_images)


def rows_of(run: Run | None, task: Task) -> Rows:
    """Which images of a task have had a picture in a run that was discarded."""
    gone = run.discarded(task.samples) if run is not None else set()
    if not gone:
        return np.zeros(len(task.samples), dtype=bool)
    return np.array([sample.stem in gone for sample in task.samples], dtype=bool)


def refuse(work: Work, todo: dict[str, Rows]) -> Refused:
    """Take out of what is to do what cannot be done."""
    refused, gone = Refused(), rows_of(work.task.run, work.task)
    whole = (work.table["fault"] == "").to_numpy()
    for measure, rows in todo.items():
        todo[measure] = rows & ~gone
        if isinstance(work.task.metrics[measure], PairMetric):
            _refuse_pairs(work, todo, measure, rows & gone & whole, refused)
        elif (rows & gone & whole).any():
            refused.measures.append(measure)
            if isinstance(work.task.metrics[measure], SetMetric):
                todo[measure] = np.zeros_like(rows)  # features of the others alone are no use
    for measure in refused.unpaired:
        del todo[measure]
    work.refused = {*refused.measures, *refused.gaps}
    return refused


def _refuse_pairs(
    work: Work, todo: dict[str, Rows], measure: str, own: Rows, refused: Refused
) -> None:
    """The same for a metric that compares with the baseline, of images that `own` has none of."""
    task, table = work.task, work.table
    baseline = rows_of(task.baseline, task)
    work.without_baseline = baseline
    blocked = todo[measure] & baseline & (table["fault"] == "").to_numpy()
    todo[measure] = todo[measure] & ~baseline
    if not blocked.any() and not own.any():
        return
    if table[measure].isna().all() and not todo[measure].any():
        refused.unpaired[measure] = OF_BASELINE if blocked.any() else OWN
    elif blocked.any():
        refused.gaps[measure] = OF_BASELINE
    elif measure in (known := failures.read(task.run.folder)):
        refused.gaps[measure] = known[measure].stopped


def judged(task: Task) -> set[str]:
    """The images that no metric of the task has anything left to see of."""
    scores = task.run.scores()
    done, faulty = has_picture(scores).to_numpy(), (scores["fault"] != "").to_numpy()
    stems, removed = stems_of(scores), task.run.discarded(task.samples)
    gone = np.array([name in removed for name in stems], dtype=bool)
    failed = failures.read(task.run.folder)
    for measure, metric in task.metrics.items():
        if isinstance(metric, SetMetric):
            if _is_comparable(task, metric):
                kept = KeptFeatures.of(task.run.folder, [measure])
                pictures = zip(stems, scores["image_hash"], strict=True)
                lacking = ~faulty & ~np.array([kept.has(measure, each) for each in pictures], bool)
                if not (lacking & gone).any():  # or else it can never have all of them
                    done = done & ~lacking
            continue
        scored = np.zeros(len(scores), dtype=bool)
        if measure in scores:
            scored = scores[measure].notna().to_numpy()
            scored = scored & ~located.lacking(task, scores, measure)
        if isinstance(metric, PairMetric):
            scored = scored | ~_awaits(failed, measure, stems)
        done = done & (faulty | scored)
    return {name for name, whole in zip(stems, done, strict=True) if whole}


def _is_comparable(task: Task, metric: SetMetric) -> bool:
    try:
        return task.reference is not None and not task.reference.lacks(metric, len(task.samples))
    except SDDBenchError:  # real images that cannot be read at the moment
        return True


def _awaits(failed: Mapping[str, failures.Failures], measure: str, stems: list[str]) -> Rows:
    """The images that a pair metric is to be shown again. Others may have nothing to pair with."""
    known = failed.get(measure, failures.Failures())
    stopped = known.stopped not in {"", OWN, OF_BASELINE}
    return np.array([stopped or name in known.images for name in stems], dtype=bool)
