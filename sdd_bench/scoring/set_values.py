"""Values of whole sets of images, and why there are none."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from sdd_bench.runs.faults import summary
from sdd_bench.runs.run import SetValue
from sdd_bench.statistics.intervals import jackknife_interval
from sdd_bench.types import Features, OwnInterval, PairMetric, SetMetric

from .references import RealImages
from .task import Task


def write_sets(
    task: Task, table: pd.DataFrame, features: Mapping[str, Features], unpaired: str
) -> None:
    """Write the values of set metrics, and why there are none of others."""
    stored = task.run.sets()
    values = dict(stored)
    for name, (item, metric) in task.measurements.items():
        if isinstance(metric, PairMetric):
            values.pop(name, None)
            if unpaired:
                values[name] = _absent(unpaired)
        elif isinstance(metric, SetMetric):
            reason = _incomparable(task, table, metric)
            if reason:
                values[name] = _absent(reason)
            elif item.measure in features:
                assert task.reference is not None, "without one nothing is comparable"
                values[name] = _set_value(metric, features[item.measure], task.reference, table)
    if values != stored:
        task.run.write_sets(values)


def _absent(reason: str) -> SetValue:
    return SetValue(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason)


def _incomparable(task: Task, table: pd.DataFrame, metric: SetMetric) -> str:
    """Why the usable images of a run can't be compared with real ones; empty if they can."""
    if task.reference is None:
        return "no real images for this suite"
    usable = int((table["fault"] == "").sum())
    reason = task.reference.lacks(metric, usable) if usable else "no usable images"
    return f"{reason}{_left_out(table)}" if reason else ""


def _left_out(table: pd.DataFrame) -> str:
    """The images that a value leaves out: ` (left out: 2 black)`, or nothing."""
    faults = summary(table["fault"].tolist())
    return f" (left out: {faults})" if faults else ""


def _set_value(
    metric: SetMetric, features: Features, reference: RealImages, table: pd.DataFrame
) -> SetValue:
    real = reference.features(metric)
    if isinstance(metric, OwnInterval):
        value, low, high = metric.interval(features, real)
    else:
        prompts = table.loc[table["fault"] == "", "prompt_id"].to_numpy()
        value, low, high = jackknife_interval(
            lambda rows: metric.distance(rows, real), features, prompts
        )
    reason = "too few images" if math.isnan(value) else _left_out(table).strip(" ()")
    return SetValue(
        value=value,
        low=low,
        high=high,
        n=len(features),
        reason=reason,
        reference=reference.label(metric),
    )
