"""What a removal costs: each method by how much it removes, and by what that does elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sdd_bench.errors import InputError, unknown

from .table import labels
from .values import INTERVAL

COSTS = ("fid", "kid", "clip", "lpips", "style")
"""Families of definitions that say what a removal does to the rest."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A column of the table of runs."""

    suite: str
    definition: str
    unit: str
    better: str


def axes(tidy: pd.DataFrame, removal: str | None, costs: Sequence[str]) -> tuple[Axis, list[Axis]]:
    """The rate of which most is left to remove, or the one named; and what it is held against: the
    costs named, or all that there are, on every suite. Raises InputError.
    """
    there = tidy[tidy["value"].notna()]
    rates = _columns(there[there["unit"] == "%"])
    others = [each for each in _columns(there[there["unit"] != "%"]) if _family(each) in COSTS]
    for name in [*costs, *([removal] if removal else [])]:
        if name not in set(there["definition"]):
            raise unknown("definition with a value", name, set(there["definition"]))
    if removal:
        rates = [each for each in _columns(there) if each.definition == removal]
    if costs:
        others = [each for name in costs for each in _columns(there) if each.definition == name]
    if not rates or not others:
        raise InputError(
            "a trade-off needs a rate, and an FID, a CLIP score or an LPIPS, of the runs named: "
            "`sdd-bench run` with a suite for each, such as country_body and coco30k"
        )
    highest = {each: _values(there, each)["value"].max() for each in rates}
    most = max(rates, key=lambda each: highest[each])
    return most, [each for each in others if each != most]


def frame(tidy: pd.DataFrame, removal: Axis, cost: Axis) -> pd.DataFrame:
    """By what tables call a method: value, low and high of its `removal` and of its `cost`, where
    it has both.
    """
    named = tidy.assign(label=labels(tidy)) if len(tidy) else tidy.assign(label=[])
    parts = [
        _values(named, axis).set_index("label")[list(INTERVAL)].add_prefix(f"{name}_")
        for name, axis in (("removal", removal), ("cost", cost))
    ]
    joined = pd.concat(parts, axis=1, join="inner").dropna(subset=["removal_value", "cost_value"])
    order = [label for label in dict.fromkeys(named["label"]) if label in joined.index]
    return joined.reindex(order)


def _columns(tidy: pd.DataFrame) -> list[Axis]:
    rows = tidy[["suite", "definition", "unit", "better"]].drop_duplicates()
    return [Axis(*map(str, row)) for row in rows.itertuples(index=False)]


def _values(tidy: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    return tidy[(tidy["suite"] == axis.suite) & (tidy["definition"] == axis.definition)]


def _family(axis: Axis) -> str:
    return axis.definition.partition("/")[0]
