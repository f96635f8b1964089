"""Two methods on the same images: the difference of every definition, its interval and its test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.formats import cells
from sdd_bench.formats.page import Page
from sdd_bench.registry import Registry
from sdd_bench.runs.lookup import label
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import definitions_of
from sdd_bench.statistics.paired import (
    holm,
    mcnemar,
    paired_difference,
    paired_p,
    unpaired_difference,
)
from sdd_bench.types import Definition

from .values import Measured, Scored

LEVEL = 0.05
"""The adjusted p-value below which two methods are separated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One row: a definition of a first and a second run. Rates and their differences in percent."""

    model: str
    suite: str
    first: str
    second: str
    definition: str
    unit: str
    better: str
    first_value: float = math.nan
    second_value: float = math.nan
    difference: float = math.nan
    """First minus second, over the pairs."""
    low: float = math.nan
    high: float = math.nan
    """The ends of its 95 % interval over prompts."""
    pairs: int = 0
    """Pairs of images that have the same prompt and noise, and both a score."""
    alone: int = 0
    """Images of either run that have no partner, or a partner without a score."""
    only_first: int | None = None
    """Pairs in which the first image alone counts; None for what is no rate."""
    only_second: int | None = None
    mcnemar: float = math.nan
    """Exact p-value of these flips, which takes images for independent."""
    p: float = math.nan
    """P-value of no difference, over prompts: the primary test."""
    adjusted: float = math.nan
    """`p` after Holm, over all rows."""
    how: str = ""
    """`paired`, or why not."""
    reason: str = ""
    """Why there is no difference."""

    @property
    def verdict(self) -> str:
        """What the first is against the second: better, worse, not separated; or why that is not
        known.
        """
        if math.isnan(self.adjusted):
            return self.reason or "no test"
        if self.adjusted >= LEVEL:
            return "not separated"
        return "better" if (self.difference < 0) == (self.better == "lower") else "worse"

    @property
    def sentence(self) -> str:
        """The verdict as a sentence."""
        subject = f"{self.suite}, {self.definition}:"
        if math.isnan(self.adjusted):
            return f"{subject} no verdict ({self.verdict})"
        unit = " points" if self.unit else ""
        size = f"{self.difference:+.3g}{unit} {cells.interval(self.low, self.high, '+.3g')}"
        tail = f"{size}, p = {self.adjusted:.2g} after Holm"
        if self.verdict == "not separated":
            return f"{subject} {self.first} and {self.second} are not separated ({tail})"
        return f"{subject} {self.first} is {self.verdict} than {self.second} ({tail})"


# --- numbers ----------------------------------------------------------------------------------


def frame(pairs: Sequence[tuple[Run, Run]], plugins: Registry) -> list[Contrast]:
    """A row per pair of runs and definition that both have, adjusted over all rows (Holm, 1979)."""
    rows: list[Contrast] = []
    for one, other in pairs:
        rows += _contrasts(one, other, plugins)
    adjusted = holm([row.p for row in rows])
    return [replace(row, adjusted=p) for row, p in zip(rows, adjusted, strict=True)]


def names_of(one: Run, other: Run) -> tuple[str, str]:
    """What two runs are called beside each other: by their methods, or by more if those are one."""
    if one.spec.method == other.spec.method:
        return label(one), label(other)
    return one.spec.method, other.spec.method


def _contrasts(one: Run, other: Run, plugins: Registry) -> list[Contrast]:
    first, second = Scored.of(one), Scored.of(other)
    images, unpaired = paired_images(one, other, first.scores, second.scores)
    names = names_of(one, other)
    theirs = {item.name for item in definitions_of(other, plugins)}
    rows = []
    for item in definitions_of(one, plugins):
        if item.name not in theirs:
            continue
        row = Contrast(
            model=one.spec.model,
            suite=one.spec.suite,
            first=names[0],
            second=names[1],
            definition=item.name,
            unit=item.unit,
            better=item.better,
        )
        if item.name in first.sets or item.name in second.sets:
            values = first.value(item), second.value(item)
            rows.append(_apart(row, *values, how="two sets of images"))
        elif unpaired:
            rows.append(_apart(row, first.value(item), second.value(item), how=unpaired))
        else:
            rows.append(_paired(row, item, first, second, images))
    return rows


def _paired(
    row: Contrast,
    item: Definition,
    first: Scored,
    second: Scored,
    images: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Contrast:
    raw = [
        run.scores[item.measure].to_numpy(dtype=np.float64)[rows]
        for run, rows in zip((first, second), images, strict=True)
    ]
    scored = ~np.isnan(raw[0]) & ~np.isnan(raw[1])
    pairs = int(scored.sum())
    alone = len(first.scores) + len(second.scores) - 2 * pairs
    row = replace(row, pairs=pairs, alone=alone, how="paired")
    if not pairs:
        return replace(row, reason="no pair of images has both scores")
    clusters = first.clusters[images[0]][scored]
    one, other = (scores[scored] for scores in raw)
    scale = 1.0
    if item.threshold is not None:
        scale = 100.0
        one, other = (item.counts(scores).astype(np.float64) for scores in (one, other))
        gone, come = int((one > other).sum()), int((one < other).sum())
        row = replace(row, only_first=gone, only_second=come, mcnemar=mcnemar(gone, come))
    value, low, high = paired_difference(one, other, clusters)
    return replace(
        row,
        first_value=scale * float(one.mean()),
        second_value=scale * float(other.mean()),
        difference=scale * value,
        low=scale * low,
        high=scale * high,
        p=paired_p(one, other, clusters),
    )


def _apart(row: Contrast, one: Measured, other: Measured, *, how: str) -> Contrast:
    """Two values without pairs: their intervals squared and added (Newcombe, 1998, method 10)."""
    row = replace(
        row,
        how="" if math.isnan(one.value - other.value) else how,
        first_value=one.value,
        second_value=other.value,
        difference=one.value - other.value,
        alone=one.n + other.n,
        reason=one.reason if math.isnan(one.value) else other.reason,
    )
    if math.isnan(row.difference):
        return row
    (_, low, high), p = unpaired_difference(
        (one.value, one.low, one.high), (other.value, other.low, other.high)
    )
    if math.isnan(p):
        return replace(row, reason="no interval")
    return replace(row, low=low, high=high, p=p)


# --- for people -------------------------------------------------------------------------------


def page(rows: Sequence[Contrast]) -> Page:
    """The comparison as people read it, with a sentence about each row."""
    tidy = pd.DataFrame([asdict(row) | {"verdict": row.verdict} for row in rows])
    return Page(
        title=_title(rows),
        header=[
            "suite",
            "definition",
            "first",
            "second",
            "difference",
            "flips",
            "n",
            "p",
            "verdict",
        ],
        rows=[_cells(row) for row in rows],
        tidy=tidy,
        notes=[row.sentence for row in rows],
    )


def _title(rows: Sequence[Contrast]) -> str:
    names = sorted({f"{row.first} (first) against {row.second} (second)" for row in rows})
    models = sorted({f"'{row.model}'" for row in rows})
    return (
        f"{'; '.join(names) or 'No definition in common'}, model {' and '.join(models)}; "
        "differences are first - second with 95 % intervals over prompts, p is Holm's for all rows"
    )


def _cells(row: Contrast) -> list[str]:
    difference = cells.number(row.difference, "+.3g")
    if not math.isnan(row.low):
        difference += f" {cells.interval(row.low, row.high, '+.3g')}"
    flips = "" if row.only_first is None else f"{row.only_first}:{row.only_second}"
    if flips:
        flips += f" (p = {row.mcnemar:.2g})"
    counts = f"{row.pairs} pairs" if row.how == "paired" else row.how
    if row.alone and row.how == "paired":
        counts += f", {row.alone} images alone"
    return [
        row.suite,
        cells.heading(row.definition, row.unit, row.better),
        cells.number(row.first_value, ".3g"),
        cells.number(row.second_value, ".3g"),
        difference,
        flips,
        counts,
        cells.number(row.adjusted, ".3g"),
        row.verdict,
    ]


def paired_images(
    one: Run, other: Run, first: pd.DataFrame, second: pd.DataFrame
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], str]:
    """The rows of the images with the same prompt, k, seed and noise; or why there are none."""
    keys = ["prompt_id", "k", "seed", "noise_hash"]
    ours, theirs = (
        scores.loc[scores["noise_hash"] != "", keys].reset_index(names="row")
        for scores in (first.reset_index(drop=True), second.reset_index(drop=True))
    )
    both = ours.merge(theirs, on=keys, suffixes=("_first", "_second"), validate="one_to_one")
    rows = tuple(both[f"row_{side}"].to_numpy(dtype=np.int64) for side in ("first", "second"))
    if len(both):
        return (rows[0], rows[1]), ""
    if one.spec.imported or other.spec.imported:
        why = "unpaired: the noise of imported images is unknown"
    elif one.spec.settings.seed != other.spec.settings.seed:
        why = f"unpaired: run seeds {one.spec.settings.seed} and {other.spec.settings.seed}"
    else:
        why = "unpaired: no two images start from the same noise"
    return (rows[0], rows[1]), why
