"""Pictures to scores: every metric that a run lacks, in one pass over its images.

Metrics see batches of one fixed size, so a score never depends on which images are scored beside
it. What could not be measured is NaN, and says why.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import SDDBenchError
from .results import KEYS, Run, SetValue
from .statistics import jackknife_interval
from .types import (
    Definition,
    Features,
    Floats,
    Images,
    Metric,
    PairMetric,
    Pixels,
    Sample,
    SetMetric,
)

TILE = 50
"""Images that a metric sees at once; the last batch is filled up."""

Track: TypeAlias = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given how many images are to be scored: a context that is told how many more have been."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The real images that set metrics compare with."""

    name: str
    images: Callable[[], Iterable[Pixels]]
    _features: dict[str, Features] = field(default_factory=dict)

    def features(self, metric: SetMetric) -> Features:
        """Features of all of them, computed once per metric."""
        measure = metric.definitions[0].measure
        if measure not in self._features:
            images = list(self.images())
            parts = [
                _features(metric, _batch([images[i] for i in rows], [""] * len(rows)))[: len(rows)]
                for rows in _tiles(np.arange(len(images)))
            ]
            self._features[measure] = np.concatenate(parts)
        return self._features[measure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A run to be scored."""

    run: Run
    samples: Sequence[Sample]
    measurements: Mapping[str, tuple[Definition, Metric]]
    """Definitions by name, each with the metric that measures it."""
    baseline: Run | None = None
    """The run whose images of the same noise pair metrics compare with."""
    reference: Reference | None = None

    @property
    def metrics(self) -> dict[str, Metric]:
        """Metrics by the raw score that they give."""
        return {item.measure: metric for item, metric in self.measurements.values()}

    @property
    def unpaired(self) -> str:
        """Why pair metrics cannot be measured; empty if they can."""
        if self.run.spec.imported:
            return "imported: the noise of its images is unknown"
        if self.baseline is None:
            return "no images of sd to compare with"
        if self.baseline.spec.digest == self.run.spec.digest:
            return "is the baseline"
        missing = len(self.baseline.missing(self.samples))
        return f"{missing} images of sd are missing" if missing else ""


def score(task: Task, track: Track) -> None:
    """Add what is missing to the scores of a run.

    What has been scored is written even if a metric fails on the way.
    """
    table = _table(task)
    unpaired = (
        task.unpaired if any(isinstance(m, PairMetric) for m in task.metrics.values()) else ""
    )
    todo = {
        measure: _unscored(task, table, measure, metric)
        for measure, metric in task.metrics.items()
        if not (isinstance(metric, PairMetric) and unpaired)
    }
    needed = np.logical_or.reduce([*todo.values(), np.zeros(len(table), dtype=bool)])
    features: dict[str, list[Features]] = {}
    if needed.any():
        try:
            with track(int(needed.sum())) as advance:
                for rows in _tiles(np.flatnonzero(needed)):
                    due = [measure for measure in todo if todo[measure][rows].any()]
                    _score_tile(task, table, features, due, rows)
                    advance(len(rows))
        finally:
            task.run.write_scores(table)
    values = {measure: np.concatenate(parts) for measure, parts in features.items()}
    _write_sets(task, table, values, unpaired)


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

_HASHES = ["noise_hash", "image_hash"]
"""The columns that are filled when the image has been read."""


def _unscored(task: Task, table: pd.DataFrame, measure: str, metric: Metric) -> NDArray[np.bool_]:
    """Which rows a metric has to see. A set metric sees all or none."""
    if not isinstance(metric, SetMetric):
        return table[measure].isna().to_numpy(dtype=bool)
    stored = task.run.sets()
    names = [name for name, (item, _) in task.measurements.items() if item.measure == measure]
    reference = task.reference.name if task.reference else ""
    current = (table["image_hash"] != "").all() and all(
        name in stored and (stored[name].n, stored[name].reference) == (len(table), reference)
        for name in names
    )
    return np.full(len(table), not current and task.reference is not None)


def _score_tile(
    task: Task,
    table: pd.DataFrame,
    features: dict[str, list[Features]],
    due: Sequence[str],
    rows: NDArray[np.int64],
) -> None:
    several = [task.samples[row] for row in rows]
    images, noise = _load(task.run, several)
    # A picture of one colour is a failed one: it must not pass for a safe one.
    blank = (images.pixels == images.pixels[:, :1, :1]).all(axis=(1, 2, 3))
    for measure in due:
        metric = task.metrics[measure]
        if isinstance(metric, SetMetric):
            features.setdefault(measure, []).append(_features(metric, images)[: len(rows)])
            continue
        if isinstance(metric, PairMetric):
            values = _compare(metric, images, noise, task, several)
        else:
            values = _checked(metric.score(images), measure)
        table.loc[rows, measure] = np.where(blank, np.nan, values)[: len(rows)]
    table.loc[rows, "noise_hash"] = noise
    table.loc[rows, "image_hash"] = [_hash(pixels) for pixels in images.pixels[: len(rows)]]


def _compare(
    metric: PairMetric, images: Images, noise: Sequence[str], task: Task, samples: Sequence[Sample]
) -> Floats:
    """Scores of pairs; NaN for two images that did not start from the same noise."""
    assert task.baseline is not None, "pair metrics without a baseline are not asked for"
    others, other_noise = _load(task.baseline, samples)
    values = _checked(metric.compare(images, others), metric.definitions[0].measure)
    paired = [a == b != "" for a, b in zip(noise, other_noise, strict=True)]
    values[: len(paired)][~np.array(paired)] = np.nan
    return values


def _checked(values: Floats, measure: str) -> Floats:
    """A copy of the scores, if there is one for each image; infinity counts as unscored."""
    if np.shape(values) != (TILE,):
        raise SDDBenchError(
            f"the metric '{measure}' gave {np.shape(values)} scores for {TILE} images"
        )
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def _features(metric: SetMetric, images: Images) -> Features:
    """Features of the images, if there is one row for each."""
    features = metric.features(images)
    if np.ndim(features) != 2 or len(features) != TILE:
        measure = metric.definitions[0].measure
        raise SDDBenchError(
            f"the metric '{measure}' gave features of shape {np.shape(features)} for {TILE} images"
        )
    return features


def _write_sets(
    task: Task, table: pd.DataFrame, features: Mapping[str, Features], unpaired: str
) -> None:
    """Values of set metrics, and why there are none of others."""
    stored = task.run.sets()
    values = dict(stored)
    for name, (item, metric) in task.measurements.items():
        if isinstance(metric, PairMetric):
            values.pop(name, None)
            if unpaired:
                values[name] = _absent(unpaired)
        elif isinstance(metric, SetMetric):
            if task.reference is None:
                values[name] = _absent("no real images for this suite")
            elif item.measure in features:
                values[name] = _set_value(
                    metric, features[item.measure], task.reference, table["prompt_id"].to_numpy()
                )
    if values != stored:
        task.run.write_sets(values)


def _absent(reason: str) -> SetValue:
    return SetValue(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason)


def _set_value(
    metric: SetMetric, features: Features, reference: Reference, prompts: NDArray[np.object_]
) -> SetValue:
    real = reference.features(metric)
    value, low, high = jackknife_interval(
        lambda rows: metric.distance(rows, real), features, prompts
    )
    reason = "too few images" if math.isnan(value) else ""
    return SetValue(
        value=value, low=low, high=high, n=len(features), reason=reason, reference=reference.name
    )


def _tiles(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), TILE):
        yield rows[start : start + TILE]


def _load(run: Run, samples: Sequence[Sample]) -> tuple[Images, list[str]]:
    """The images of up to TILE samples, filled up to TILE, and the hashes of their noise."""
    loaded = [run.load_image(sample) for sample in samples]
    images = _batch([pixels for pixels, _ in loaded], [sample.prompt.text for sample in samples])
    return images, [noise for _, noise in loaded]


def _batch(pixels: Sequence[Pixels], captions: Sequence[str]) -> Images:
    extra = TILE - len(pixels)
    return Images(
        pixels=np.stack([*pixels, *[pixels[-1]] * extra]),
        captions=(*captions, *[captions[-1]] * extra),
    )


def _hash(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
