"""Curves along trainings, as `sdd-bench train --curve` leaves them in the results folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sdd_bench.analysis.curves import LINE, stored

from .payload import Curve


def curves(results: Path, methods: Collection[tuple[str, str]]) -> list[Curve]:
    """Those of these models and methods; with a warning without files that are damaged."""
    made = []
    for key, points in stored(results).groupby(["curve", *LINE], sort=False):
        line = dict(zip(LINE, map(str, key[1:]), strict=True))
        if (line["model"], line["method"]) in methods:
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
