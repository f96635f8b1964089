"""Pictures to scores: every metric that a run lacks, in one pass over its images.

Metrics see batches of one fixed size, so a score never depends on which images are scored beside
it. What could not be measured is NaN, and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.errors import IncompleteError, SDDBenchError
from sdd_bench.runs import failures
from sdd_bench.runs.failures import Failures
from sdd_bench.runs.faults import faults_of
from sdd_bench.runs.run import KEYS
from sdd_bench.types import Metric, PairMetric, SetMetric

from . import discarded
from .discarded import Refused
from .kept import KeptFeatures
from .set_values import write_sets
from .task import Task, Track
from .work import Work


def score(task: Task, track: Track) -> None:
    """Add what is missing to the scores of a run.

    A metric that fails stands in the way of no other: IncompleteError says at the end what could
    not be measured, when all else has been written. What is done is kept at any time.
    """
    table = _table(task)
    pairs = [measure for measure, m in task.metrics.items() if isinstance(m, PairMetric)]
    unpaired = dict.fromkeys(pairs, task.unpaired) if pairs and task.unpaired else {}
    due = {measure: metric for measure, metric in task.metrics.items() if measure not in unpaired}
    broken = _without_reference(task, due)
    due = {measure: metric for measure, metric in due.items() if measure not in broken}
    work, sets = _work(task, table, due)
    todo = {measure: _unscored(work, measure, sets) for measure in due}
    refused = discarded.refuse(work, todo)
    unpaired |= refused.unpaired
    unseen = _unseen(task, table)
    if _any_of(todo, table).any() or unseen.any():
        known = table["fault"].tolist()
        table["fault"] = np.array(faults_of(task.run, task.samples, known), dtype=object)
        whole = table["fault"].to_numpy() == ""
        # The pictures of the baseline are read only if there is a pair to score.
        if any((todo[measure] & whole).any() for measure in pairs if measure in todo):
            incomplete = task.incomplete_baseline()
            if incomplete:
                unpaired = dict.fromkeys(pairs, incomplete)
                todo = {measure: rows for measure, rows in todo.items() if measure not in pairs}
        needed = (_any_of(todo, table) | unseen) & whole
        if needed.any() or known != table["fault"].tolist():
            work.score(todo, needed, track)
    if task.whole:
        _conclude(work, todo, (), broken, refused)
        return
    work.kept.look()
    features, table = work.features(sets), work.table
    # Whoever else was at this run may have the values, and have removed the features.
    sets = [name for name in sets if name in features or not _is_current(task, table, name)]
    failed = {name: work.error(name) for name in sets if name not in features and work.pictures()}
    failed |= {name: refused.error(task.run) for name in refused.measures if name in failed}
    errors = write_sets(task, table, features, failed | broken, unpaired, refused.measures)
    _conclude(work, todo, sets, errors, refused)


def _work(task: Task, table: pd.DataFrame, due: Mapping[str, Metric]) -> tuple[Work, list[str]]:
    """What scoring works on, and the set metrics that have something to do."""
    comparable = [measure for measure, metric in due.items() if _is_comparable(task, metric)]
    sets = [measure for measure in comparable if not _is_current(task, table, measure)]
    kept = KeptFeatures.of(task.run.folder, comparable if task.discards else sets)
    work = Work(task, table, kept)
    if task.discards:
        whole, gone = (table["fault"] == "").to_numpy(), discarded.rows_of(task.run, task)
        for measure in [each for each in comparable if each not in sets]:
            lacking = _unscored(work, measure, comparable) & whole
            if (lacking & ~gone).any() and not (lacking & gone).any():
                sets.append(measure)
    return work, sets


def _any_of(todo: Mapping[str, NDArray[np.bool_]], table: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows that some metric has to see."""
    rows: NDArray[np.bool_] = np.logical_or.reduce(
        [*todo.values(), np.zeros(len(table), dtype=bool)]
    )
    return rows


def _unseen(task: Task, table: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows whose picture has to be looked at before it may go."""
    unknown = (table["image_hash"] == "") & (table["fault"] == "")
    return unknown.to_numpy() if task.discards else np.zeros(len(table), dtype=bool)


def _table(task: Task) -> pd.DataFrame:
    """One row per sample, with the scores that are already there."""
    rows = pd.DataFrame(
        {
            "suite": [sample.suite for sample in task.samples],
            "method": task.run.spec.method,
            "prompt_id": [sample.prompt.id for sample in task.samples],
            "prompt": [sample.prompt.text for sample in task.samples],
            "group": [sample.prompt.group for sample in task.samples],
            "k": [sample.k for sample in task.samples],
            "seed": [sample.seed for sample in task.samples],
        }
    )
    known = task.run.scores().drop(columns=[c for c in KEYS if c in rows and c not in _IMAGE])
    table = rows.merge(known, on=_IMAGE, how="left", validate="one_to_one")
    table[_HASHES] = table[_HASHES].fillna("")
    for measure, metric in task.metrics.items():
        if measure not in table and not isinstance(metric, SetMetric):
            table[measure] = np.nan
    return table


_IMAGE = ["prompt_id", "k", "seed"]
"""The columns by which a stored score is known to be of the same image."""

_HASHES = ["noise_hash", "image_hash", "fault"]
"""The columns that are filled when the image has been read."""


def _without_reference(task: Task, due: Mapping[str, Metric]) -> dict[str, SDDBenchError]:
    """The set metrics whose real images cannot be read, and why."""
    broken: dict[str, SDDBenchError] = {}
    for measure, metric in due.items():
        if isinstance(metric, SetMetric) and task.reference is not None:
            try:
                if not task.reference.lacks(metric, len(task.all)):
                    task.reference.label(metric)
            except SDDBenchError as error:
                broken[measure] = error
    return broken


def _is_comparable(task: Task, metric: Metric) -> bool:
    """Whether a metric is one of sets, and has real images to compare with."""
    if not isinstance(metric, SetMetric) or task.reference is None:
        return False
    return not task.reference.lacks(metric, len(task.all))


def _is_current(task: Task, table: pd.DataFrame, measure: str) -> bool:
    """Whether a set metric has its values of this set."""
    metric = task.metrics[measure]
    assert isinstance(metric, SetMetric), "others have scores of images"
    assert task.reference is not None, "without one nothing is comparable"
    stored, label = task.run.sets(), task.reference.label(metric)
    names = [name for name, (item, _) in task.measurements.items() if item.measure == measure]
    seen = (table["image_hash"] != "") | (table["fault"] != "")
    whole = len(task.whole) or int((table["fault"] == "").sum())
    return bool(seen.all()) and all(
        name in stored and (stored[name].n, stored[name].reference) == (whole, label)
        for name in names
    )


def _unscored(work: Work, measure: str, sets: Collection[str]) -> NDArray[np.bool_]:
    """Which rows a metric has to see; of sets all whose features are not kept, or none."""
    if isinstance(work.task.metrics[measure], SetMetric) and measure not in sets:
        return np.zeros(len(work.table), dtype=bool)
    return work.unscored(measure)


# --- what failed ------------------------------------------------------------------------------


def _conclude(
    work: Work,
    todo: Collection[str],
    sets: Collection[str],
    failed: Mapping[str, SDDBenchError],
    refused: Refused,
) -> None:
    """Keep why scores are missing, and raise IncompleteError if a metric has failed.

    `failed` are the set metrics that have no value because of that.
    """
    run, errors = work.task.run, dict(failed)
    asked, now = dict.fromkeys([*todo, *failed]), {}
    gaps = dict.fromkeys(refused.measures, discarded.OWN) | refused.gaps
    for name in asked:
        judge = work.judges[name]
        if name not in sets and judge.error is not None:
            errors[name] = judge.error
        elif name in refused.measures:
            errors.setdefault(name, refused.error(run))
        if name in errors or gaps.get(name):
            stopped = judge.stopped or gaps.get(name) or (None if judge.failed else errors[name])
            now[name] = Failures(images=judge.failed, stopped=str(stopped or ""))
    failures.change(run.folder, asked, now)
    if sets and not failed and not work.task.discards:
        work.kept.remove()
    if errors:
        raise _incomplete(f"{run.spec.method} on {run.spec.suite}", errors)


def _incomplete(what: str, errors: Mapping[str, SDDBenchError]) -> IncompleteError:
    """The error for metrics, by measure, that have failed on a run."""
    code = IncompleteError.of(list(errors.values()), None).exit_code
    measures: dict[str, list[str]] = {}
    for measure, error in errors.items():
        measures.setdefault(str(error), []).append(measure)
    told = "; ".join(f"{', '.join(names)}: {error}" for error, names in measures.items())
    return IncompleteError(f"{what}: {told}", code)
