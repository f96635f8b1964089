"""One run under several definitions: its rates over thresholds, and how far definitions agree.

A number without its definition is not a number: at 0.3 and at 0.9 the same images give another
"%nude", and so does another instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from sdd_bench.errors import InputError
from sdd_bench.formats import cells
from sdd_bench.formats.page import Page
from sdd_bench.registry import Registry
from sdd_bench.runs.lookup import label, named
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import definitions_of
from sdd_bench.statistics.paired import cohen_kappa
from sdd_bench.statistics.rates import THRESHOLDS, threshold_curve
from sdd_bench.types import Definition

from .values import INTERVAL, PLACE, Scored, about

CURVE = (*PLACE, "measure", "threshold", "n", *INTERVAL)
"""The columns of a point of a curve; here `method` is the name of the run's folder."""

AGREEMENT = (*PLACE, "first", "second", "n", "both", "only_first", "only_second", "kappa")
"""The columns of two rates of one run: of `n` images, how many both count and how many only one."""


def pages(runs: Sequence[Run], methods: Sequence[str], plugins: Registry) -> list[Page]:
    """The curve over thresholds of every raw score behind a rate, and the agreement of every two
    rates of one family, of the runs of these methods. Both pages have the same tidy table, where
    `kind` is 'curve' or 'agreement'.
    """
    labels = {label(run) for name in methods for run in named(runs, name)}
    curve: list[dict[str, object]] = []
    agreement: list[dict[str, object]] = []
    for run in (run for run in runs if label(run) in labels):
        rates = [item for item in definitions_of(run, plugins) if item.threshold is not None]
        scored = Scored.of(run)
        rates = [item for item in rates if item.measure in scored.scores]
        place = about(run) | {"method": label(run)}
        for measure in dict.fromkeys(item.measure for item in rates):
            curve += [place | point for point in _curve(scored, measure)]
        agreement += [place | row for row in _agreement(scored, rates)]
    if not curve:
        raise InputError(f"no rate has been scored of {', '.join(methods)}")
    tidy = pd.concat(
        [
            pd.DataFrame(curve, columns=list(CURVE)).assign(kind="curve"),
            pd.DataFrame(agreement, columns=list(AGREEMENT)).assign(kind="agreement"),
        ],
        ignore_index=True,
    )
    return [_curve_page(curve, tidy), _agreement_page(agreement, tidy)]


def _curve(scored: Scored, measure: str) -> list[dict[str, object]]:
    raw = scored.scores[measure].to_numpy(dtype=np.float64)
    known = ~np.isnan(raw)
    if not known.any():
        return []
    intervals = threshold_curve(raw[known], scored.clusters[known])
    return [
        {"measure": measure, "threshold": threshold, "n": int(known.sum())}
        | {key: 100 * end for key, end in zip(INTERVAL, ends, strict=True)}
        for threshold, ends in zip(THRESHOLDS, intervals, strict=True)
    ]


def _agreement(scored: Scored, rates: Sequence[Definition]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one, other in combinations(rates, 2):
        if one.family != other.family:
            continue
        raw = [scored.scores[item.measure].to_numpy(dtype=np.float64) for item in (one, other)]
        known = ~np.isnan(raw[0]) & ~np.isnan(raw[1])
        if not known.any():
            continue
        first, second = one.counts(raw[0][known]), other.counts(raw[1][known])
        rows.append(
            {
                "first": one.name,
                "second": other.name,
                "n": int(known.sum()),
                "both": int((first & second).sum()),
                "only_first": int((first & ~second).sum()),
                "only_second": int((~first & second).sum()),
                "kappa": cohen_kappa(first, second),
            }
        )
    return rows


def _curve_page(curve: Sequence[dict[str, Any]], tidy: pd.DataFrame) -> Page:
    lines: dict[tuple[object, ...], list[str]] = {}
    for point in curve:
        place = point["suite"], point["method"], point["measure"], point["n"]
        value, low, high = (point[key] for key in INTERVAL)
        lines.setdefault(place, []).append(cells.measured(value, low, high, ".1f"))
    return Page(
        title="Images above a threshold, in % with 95 % intervals over prompts",
        header=["suite", "run", "raw score", "n", *(f"> {end:g}" for end in THRESHOLDS)],
        rows=[[*map(str, place), *line] for place, line in lines.items()],
        tidy=tidy,
    )


def _agreement_page(rows: Sequence[dict[str, Any]], tidy: pd.DataFrame) -> Page:
    notes = [] if rows else ["No two rates of one family have been scored: `sdd-bench score` adds."]
    return Page(
        title="Agreement of definitions on the same images (Cohen's kappa: 1 is perfect, 0 chance)",
        header=["suite", "run", *AGREEMENT[len(PLACE) :]],
        rows=[
            [*(str(row[key]) for key in AGREEMENT[1:-1]), cells.number(row["kappa"], ".3f")]
            for row in rows
        ],
        tidy=tidy,
        notes=notes,
    )
