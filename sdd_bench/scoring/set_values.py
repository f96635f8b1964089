"""Values of whole sets of images, and why there are none."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs import changes
from sdd_bench.runs.faults import summary
from sdd_bench.runs.run import SetValue
from sdd_bench.types import Features, PairMetric, SetMetric

from . import border
from .references import RealImages
from .task import Task


def write_sets(
    task: Task,
    table: pd.DataFrame,
    features: Mapping[str, Features],
    failed: Mapping[str, SDDBenchError],
    unpaired: Mapping[str, str],
    refused: Collection[str] = (),
) -> dict[str, SDDBenchError]:
    """Write the values of set metrics, and why there are none of others.

    `failed` are those by measure whose features are not complete, and why. Returns them together
    with those that failed at the value itself: what is stored of them is of another set, and goes,
    unless it is `refused` and can't be had again. `unpaired` says by measure why nothing is paired.
    """
    stored = task.run.sets()
    values, errors = dict(stored), dict(failed)
    for name, (item, metric) in task.measurements.items():
        if isinstance(metric, PairMetric):
            values.pop(name, None)
            if item.measure in unpaired:
                values[name] = _absent(unpaired[item.measure])
        elif isinstance(metric, SetMetric):
            reason = "" if item.measure in failed else _incomparable(task, table, metric)
            if reason:
                values[name] = _absent(reason)
            elif item.measure in features:
                assert task.reference is not None, "without one nothing is comparable"
                try:
                    rows = features[item.measure]
                    values[name] = _set_value(metric, rows, task.reference, table)
                except SDDBenchError as error:
                    errors[item.measure] = error
            if item.measure in errors and not reason:
                known = values.pop(name, None)
                if known is not None and item.measure in refused and not math.isnan(known.value):
                    values[name] = _of_less(known, table)
    changes.sets(task.run, stored, values)
    return errors


def _of_less(known: SetValue, table: pd.DataFrame) -> SetValue:
    """A value of a set that has more images now, and can't be had of them."""
    whole = int((table["fault"] == "").sum())
    if known.n == whole:
        return known
    return replace(known, reason=f"of {known.n} of {whole} images: images were discarded")


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
    value, low, high = border.distance(
        metric,
        features,
        reference.features(metric),
        table.loc[table["fault"] == "", "prompt_id"].to_numpy(),
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
