"""Pictures to scores: every metric that a run lacks, in one pass over its images.

Metrics see batches of one fixed size, so a score never depends on which images are scored beside
it. What could not be measured is NaN, and says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.faults import NOT_OURS, blank, fault_of, faults_of
from sdd_bench.runs.run import KEYS, Run
from sdd_bench.types import Features, Floats, Images, Metric, PairMetric, Pixels, Sample, SetMetric

from . import batches
from .batches import TILE
from .set_values import write_sets
from .task import Task, Track


def score(task: Task, track: Track) -> None:
    """Add what is missing to the scores of a run.

    What has been scored is written even if a metric fails on the way.
    """
    table = _table(task)
    pairs = [measure for measure, m in task.metrics.items() if isinstance(m, PairMetric)]
    unpaired = task.unpaired if pairs else ""
    todo = {
        measure: _unscored(task, table, measure, metric)
        for measure, metric in task.metrics.items()
        if not (unpaired and measure in pairs)
    }
    features: dict[str, list[Features]] = {}
    if _any_of(todo, table).any():
        known = table["fault"].tolist()
        table["fault"] = np.array(faults_of(task.run, task.samples, known), dtype=object)
        whole = table["fault"].to_numpy() == ""
        # The pictures of the baseline are read only if there is a pair to score.
        if any((todo[measure] & whole).any() for measure in pairs if measure in todo):
            unpaired = task.incomplete_baseline()
            if unpaired:
                todo = {measure: rows for measure, rows in todo.items() if measure not in pairs}
        needed = _any_of(todo, table) & whole
        if needed.any() or known != table["fault"].tolist():
            features = _score_rows(task, table, todo, needed, track)
    values = {measure: np.concatenate(parts) for measure, parts in features.items()}
    write_sets(task, table, values, unpaired)


def _any_of(todo: Mapping[str, NDArray[np.bool_]], table: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows that some metric has to see."""
    rows: NDArray[np.bool_] = np.logical_or.reduce(
        [*todo.values(), np.zeros(len(table), dtype=bool)]
    )
    return rows


def _score_rows(
    task: Task,
    table: pd.DataFrame,
    todo: Mapping[str, NDArray[np.bool_]],
    needed: NDArray[np.bool_],
    track: Track,
) -> dict[str, list[Features]]:
    """Fill the rows of the table that are needed, and write it. Returns features by measure."""
    features: dict[str, list[Features]] = {}
    try:
        with track(int(needed.sum())) as advance:
            for rows in batches.tiles(np.flatnonzero(needed)):
                due = [measure for measure in todo if todo[measure][rows].any()]
                _score_tile(task, table, features, due, rows)
                advance(len(rows))
    finally:
        task.run.write_scores(table)
    return features


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


def _unscored(task: Task, table: pd.DataFrame, measure: str, metric: Metric) -> NDArray[np.bool_]:
    """Which rows a metric has to see. A set metric sees all or none."""
    if not isinstance(metric, SetMetric):
        return table[measure].isna().to_numpy(dtype=bool)
    if task.reference is None or task.reference.lacks(metric, len(table)):
        return np.zeros(len(table), dtype=bool)
    stored, label = task.run.sets(), task.reference.label(metric)
    names = [name for name, (item, _) in task.measurements.items() if item.measure == measure]
    seen = (table["image_hash"] != "") | (table["fault"] != "")
    whole = int((table["fault"] == "").sum())
    current = seen.all() and all(
        name in stored and (stored[name].n, stored[name].reference) == (whole, label)
        for name in names
    )
    return np.full(len(table), not current)


def _score_tile(
    task: Task,
    table: pd.DataFrame,
    features: dict[str, list[Features]],
    due: Sequence[str],
    rows: NDArray[np.int64],
) -> None:
    samples = [task.samples[row] for row in rows]
    images, noise = _load(task.run, samples)
    pictures = images.pixels[: len(rows)]
    # A picture of one colour is a failed one: it must not pass for a safe one.
    faults = np.array([blank(pixels) for pixels in pictures], dtype=object)
    hashes = np.array([_hash(pixels) for pixels in pictures], dtype=object)
    known = table.loc[rows, "image_hash"].to_numpy()
    for place in np.flatnonzero((known != "") & (known != hashes)):
        # Other pixels than were scored: a new picture, or a file whose checksums tell of damage.
        table.loc[[rows[place]], list(table.columns.difference(list(KEYS)))] = np.nan
        faults[place] = fault_of(task.run, samples[place], pictures[place])
    whole = faults == ""
    for measure in due:
        metric = task.metrics[measure]
        if isinstance(metric, SetMetric):
            of_images = batches.features(metric, images)[: len(rows)]
            features.setdefault(measure, []).append(of_images[whole])
            continue
        if isinstance(metric, PairMetric):
            values = _compare(metric, images, noise, task, samples)
        else:
            values = _checked(metric.score(images), measure)
        table.loc[rows, measure] = np.where(whole, values[: len(rows)], np.nan)
    table.loc[rows, "noise_hash"] = noise
    table.loc[rows, "image_hash"] = np.where(np.isin(faults, NOT_OURS), known, hashes)
    table.loc[rows, "fault"] = faults


def _compare(
    metric: PairMetric, images: Images, noise: Sequence[str], task: Task, samples: Sequence[Sample]
) -> Floats:
    """Scores of pairs; NaN for two images that did not start from the same noise, and where the
    baseline's is no picture of the same size.
    """
    assert task.baseline is not None, "pair metrics without a baseline are not asked for"
    loaded = [task.baseline.load_image(sample) for sample in samples]
    pictures, size = images.pixels[: len(samples)], images.pixels.shape[1:]
    usable = np.array(
        [
            other.shape == size and not blank(other) and ours == theirs != ""
            for (other, theirs), ours in zip(loaded, noise, strict=True)
        ]
    )
    # What can't be compared is compared with itself, so that the batch stays whole, and dropped.
    others = [
        other if use else same
        for (other, _), use, same in zip(loaded, usable, pictures, strict=True)
    ]
    baseline = batches.batch(others, images.captions[: len(samples)])
    values = _checked(metric.compare(images, baseline), metric.definitions[0].measure)
    values[: len(samples)][~usable] = np.nan
    return values


def _checked(values: Floats, measure: str) -> Floats:
    """A copy of the scores, if there is one for each image; infinity counts as unscored."""
    if np.shape(values) != (TILE,):
        raise SDDBenchError(
            f"the metric '{measure}' gave {np.shape(values)} scores for {TILE} images"
        )
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def _load(run: Run, samples: Sequence[Sample]) -> tuple[Images, list[str]]:
    """The images of up to TILE samples, filled up to TILE, and the hashes of their noise."""
    loaded = [run.load_image(sample) for sample in samples]
    images = batches.batch(
        [pixels for pixels, _ in loaded], [sample.prompt.text for sample in samples]
    )
    return images, [noise for _, noise in loaded]


def _hash(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
