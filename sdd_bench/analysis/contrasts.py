"""What a method takes of its target, minus what it takes of the neighbours, suite by suite.

The group of a prompt says what it is: `target`, or `target KIND` where a judge's definition of that
kind sees the target (`target figure`, `shows/miniature-figure@0.5`). Any other label is a
neighbour. On prompts without a target it is seen by all that they claim; beside a target in the
same prompts (`target figure, place`) by the definition of the kind that it is called like.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sdd_bench.errors import InputError
from sdd_bench.formats import cells
from sdd_bench.formats.page import Page
from sdd_bench.scoring.definitions import definitions_of
from sdd_bench.statistics.paired import holm, paired_difference, paired_p, unpaired_difference

from .comparison import LEVEL, names_of, paired_images
from .values import Scored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdd_bench.registry import Registry
    from sdd_bench.runs.run import Run
    from sdd_bench.types import Definition, Floats

TARGET = "target"
"""The word by which a group is known to be what is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What became of one part of a suite: the second run's images to the first's, in points."""

    definition: str
    change: float = math.nan
    low: float = math.nan
    high: float = math.nan
    """The ends of its 95 % interval over prompts."""
    pairs: int = 0
    """Pairs of images of one noise, both with a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A target against one kind of neighbour."""

    model: str
    suite: str
    first: str
    second: str
    neighbour: str
    target: Part
    rest: Part
    contrast: float
    """The target's change minus the neighbour's: negative where the target lost more."""
    low: float
    high: float
    how: str
    """`same images`, or `other prompts`: then the squares of the intervals are added."""
    p: float
    adjusted: float = math.nan
    """`p` after Holm, over all rows."""

    @property
    def verdict(self) -> str:
        """Who lost more from the first run to the second."""
        if math.isnan(self.adjusted):
            return "no test"
        if self.adjusted >= LEVEL:
            return "not separated"
        return "target lost more" if self.contrast < 0 else "neighbour lost more"


# --- numbers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """Whether each of the paired images counts, NaN where one of the two has no score."""

    first: Floats
    second: Floats
    clusters: NDArray[np.int64]

    def only(self, known: NDArray[np.bool_]) -> _Outcomes:
        return _Outcomes(self.first[known], self.second[known], self.clusters[known])

    def part(self, name: str) -> Part:
        value = paired_difference(self.second, self.first, self.clusters)
        change, low, high = (100 * each for each in value)
        return Part(definition=name, change=change, low=low, high=high, pairs=len(self.first))


def frame(pairs: Sequence[tuple[Run, Run]], plugins: Registry) -> list[Row]:
    """A row per pair of runs, target and neighbour, adjusted over all (Holm, 1979). The first run
    of a pair is what the second is held against. Raises InputError where nothing has a target.
    """
    rows = [row for one, other in pairs for row in _rows(one, other, plugins)]
    if not rows:
        raise InputError(
            "no target and neighbour are scored on images of the same noise: a suite has them by "
            "its groups, such as `sdd-bench run --suite neighbours` (docs/retention.md)"
        )
    adjusted = holm([row.p for row in rows])
    return [replace(row, adjusted=p) for row, p in zip(rows, adjusted, strict=True)]


def is_target(group: str) -> bool:
    """Whether prompts of this group are what is removed."""
    return group.partition(" ")[0] == TARGET


def _rows(one: Run, other: Run, plugins: Registry) -> Iterator[Row]:
    first, second = Scored.of(one), Scored.of(other)
    images, unpaired = paired_images(one, other, first.scores, second.scores)
    if unpaired:
        return
    theirs = {item.name for item in definitions_of(other, plugins)}
    rates = {
        item.name: item
        for item in definitions_of(one, plugins)
        if item.threshold is not None and item.name in theirs
    }
    names = names_of(one, other)
    groups = first.groups()
    for target, name, neighbour, rest in _questions(groups, list(rates)):
        within = _within(groups[neighbour], groups[target])
        rows = groups[neighbour] if within else groups[target]
        taken = _outcomes(rates[name], (first, second), images, rows)
        kept = _outcomes(rates[rest], (first, second), images, groups[neighbour])
        known = [~np.isnan(each.first) & ~np.isnan(each.second) for each in (taken, kept)]
        if within:
            known = [known[0] & known[1]] * 2
        taken, kept = taken.only(known[0]), kept.only(known[1])
        if not len(taken.first) or not len(kept.first):
            continue
        parts = taken.part(name), kept.part(rest)
        contrast, low, high, p = _same(taken, kept, parts) if within else _apart(*parts)
        yield Row(
            model=one.spec.model,
            suite=one.spec.suite,
            first=names[0],
            second=names[1],
            neighbour=neighbour,
            target=parts[0],
            rest=parts[1],
            contrast=contrast,
            low=low,
            high=high,
            how="same images" if within else "other prompts",
            p=p,
        )


def _questions(
    groups: Mapping[str, NDArray[np.int64]], rates: Sequence[str]
) -> Iterator[tuple[str, str, str, str]]:
    """Each target's label and definition with a neighbour's, where all of them are there."""
    for target in filter(is_target, groups):
        kind = target.partition(" ")[2]
        neighbours = [name for name in groups if not is_target(name)]
        for name in (each for each in rates if not kind or f"-{kind}@" in each):
            for neighbour in neighbours:
                if _within(groups[neighbour], groups[target]):
                    rest = name.replace(f"-{kind}@", f"-{neighbour}@") if kind else ""
                else:
                    rest = name.replace(f"-{kind}@", "@") if kind else name
                if rest in rates:
                    yield target, name, neighbour, rest


def _within(rows: NDArray[np.int64], others: NDArray[np.int64]) -> bool:
    return bool(np.isin(rows, others).all())


def _outcomes(
    item: Definition,
    runs: tuple[Scored, Scored],
    images: tuple[NDArray[np.int64], NDArray[np.int64]],
    rows: NDArray[np.int64],
) -> _Outcomes:
    """The pairs whose image of the first run is among `rows`."""
    chosen = np.isin(images[0], rows)
    sides = []
    for run, paired in zip(runs, images, strict=True):
        raw = run.scores[item.measure].to_numpy(dtype=np.float64)[paired[chosen]]
        sides.append(np.where(np.isnan(raw), np.nan, item.counts(raw)))
    return _Outcomes(sides[0], sides[1], runs[0].clusters[images[0][chosen]])


def _same(
    taken: _Outcomes, kept: _Outcomes, parts: tuple[Part, Part]
) -> tuple[float, float, float, float]:
    """The contrast of two parts of the same images, its interval and p-value."""
    changes = taken.second - taken.first, kept.second - kept.first
    value, low, high = paired_difference(*changes, taken.clusters)
    if low == high:  # no spread to judge by: the parts' own intervals stay
        return _apart(*parts)
    return 100 * value, 100 * low, 100 * high, paired_p(*changes, taken.clusters)


def _apart(target: Part, rest: Part) -> tuple[float, float, float, float]:
    """The contrast of two parts of different prompts, its interval and p-value."""
    (contrast, low, high), p = unpaired_difference(
        (target.change, target.low, target.high), (rest.change, rest.low, rest.high)
    )
    return contrast, low, high, p


# --- for people ---------------------------------------------------------------------------------


def page(rows: Sequence[Row]) -> Page:
    """The contrasts as people read them."""
    header = ["suite", "target", "neighbour", "target's change", "neighbour's change"]
    tidy = pd.json_normalize([asdict(row) | {"verdict": row.verdict} for row in rows], sep="_")
    firsts = sorted({row.first for row in rows})
    seconds = sorted({row.second for row in rows})
    several = len(seconds) > 1
    held = f"{', '.join(firsts)} (first) to {', '.join(seconds)} (second)"
    models = sorted({f"'{row.model}'" for row in rows})
    return Page(
        title=f"{held}, model {' and '.join(models)}; changes in points, contrast is "
        "target - neighbour, with 95 % intervals over prompts; p is Holm's for all rows",
        header=[*(["second"] if several else []), *header, "contrast", "pairs", "p", "verdict"],
        rows=[[*([row.second] if several else []), *_cells(row)] for row in rows],
        tidy=tidy,
    )


def _cells(row: Row) -> list[str]:
    return [
        row.suite,
        row.target.definition,
        f"{row.neighbour} ({row.how})",
        *(_points(part.change, part.low, part.high) for part in (row.target, row.rest)),
        _points(row.contrast, row.low, row.high),
        f"{row.target.pairs}, {row.rest.pairs}",
        cells.number(row.adjusted, ".3g"),
        row.verdict,
    ]


def _points(value: float, low: float, high: float) -> str:
    return f"{cells.number(value, '+.3g')} {cells.interval(low, high, '+.3g')}"
