"""Curves along trainings, as `sdd-bench train --curve` leaves them in the results folder."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from sdd_bench import files
from sdd_bench.files import ContentError

from .payload import Curve

log = logging.getLogger(__name__)

LINE = ("model", "suite", "definition", "unit", "method", "role")
"""The columns that say which line a point is of."""

POINT = ("iteration", "value", "low", "high")


def curves(results: Path, methods: Collection[tuple[str, str]]) -> list[Curve]:
    """Those of these models and methods; with a warning without files that are damaged."""
    made = []
    for path in files.find(results, "curves/*/curve.parquet"):
        try:
            made += _curves(files.read_parquet(path), methods)
        except (ContentError, KeyError, TypeError, ValueError) as error:
            log.warning("%s is damaged (%s): left out, as if there were no curve", path, error)
    return made


def _curves(tidy: pd.DataFrame | None, methods: Collection[tuple[str, str]]) -> list[Curve]:
    if tidy is None:
        return []
    made = []
    for key, part in tidy[[*LINE, *POINT]].groupby(list(LINE), sort=False):
        line = dict(zip(LINE, map(str, key), strict=True))
        if (line["model"], line["method"]) not in methods:
            continue
        points = part.sort_values("iteration")
        made.append(
            Curve(
                **line,
                iteration=[int(each) for each in points["iteration"]],
                value=[float(each) for each in points["value"]],
                low=[float(each) for each in points["low"]],
                high=[float(each) for each in points["high"]],
            )
        )
    return made
