"""Intervals of rates at other thresholds, where the page can't compute them itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdd_bench.statistics.intervals import FEW, cluster_interval
from sdd_bench.types import Definition, Floats

from .content import Source
from .payload import Steps

COUNT = 100
"""Steps from the lowest to the highest threshold."""


def steps(sources: Sequence[Source]) -> list[Steps]:
    """The intervals of every raw score behind a rate that has been taken of images of more than
    `FEW` prompts: those of fewer are Student's, which the page computes.
    """
    made = []
    for run, source in enumerate(sources):
        rates: dict[tuple[str, bool], list[Definition]] = {}
        for item in source.definitions:
            if item.threshold is not None and item.measure in source.scored.scores:
                rates.setdefault((item.measure, item.inclusive), []).append(item)
        for (measure, _), definitions in rates.items():
            raw = source.scored.scores[measure].to_numpy(dtype=np.float64)
            known = ~np.isnan(raw)
            clusters = source.scored.clusters[known]
            if len(np.unique(clusters)) > FEW:
                made.append(_steps(run, definitions, raw[known], clusters))
    return made


def _steps(
    run: int, definitions: Sequence[Definition], raw: Floats, clusters: NDArray[np.int64]
) -> Steps:
    first = definitions[0]
    thresholds = _thresholds(definitions, raw)
    ends: dict[int, tuple[float, float]] = {}
    low, high = [], []
    for threshold in thresholds:
        counted = raw >= threshold if first.inclusive else raw > threshold
        # The images above one threshold are among those above any lower one: as many are the same.
        number = int(counted.sum())
        if number not in ends:
            ends[number] = cluster_interval(counted.astype(np.float64), clusters)[1:]
        low.append(100 * ends[number][0])
        high.append(100 * ends[number][1])
    return Steps(
        run=run,
        measure=first.measure,
        inclusive=first.inclusive,
        thresholds=thresholds,
        low=low,
        high=high,
    )


def _thresholds(definitions: Sequence[Definition], raw: Floats) -> list[float]:
    """Hundredths where all scores are shares, else as many steps over their range; and those of
    the definitions, at which the interval is that of the table.
    """
    own = [float(item.threshold) for item in definitions if item.threshold is not None]
    low, high = min(*own, float(raw.min()), 0.0), max(*own, float(raw.max()), 1.0)
    if (low, high) == (0.0, 1.0):
        grid = [step / COUNT for step in range(COUNT + 1)]
    else:
        grid = [float(step) for step in np.linspace(raw.min(), raw.max(), COUNT + 1)]
    return sorted({*grid, *own})
