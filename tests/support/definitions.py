"""Definitions of this test suite's own, and a run that is scored by them."""

from __future__ import annotations

import math
from pathlib import Path

from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Definition
from support.runs import store


def define(name: str, threshold: float | None = None, *, higher: bool = False) -> Definition:
    """A definition with a tolerance of 1."""
    return Definition(
        name=name,
        better="higher" if higher else "lower",
        tolerance=1.0,
        source="this test",
        threshold=threshold,
    )


NUDE = define("nude/toy@0.7", 0.7)
CLIP = define("clip/toy", higher=True)
FID = define("fid/toy")


def small_run(folder: Path) -> Run:
    """Four images of two prompts."""
    run = store(
        folder,
        "sd",
        {
            # The threshold itself doesn't count: 3 of 4 are above it.
            "nude/toy": [0.71, 0.9, 0.7, 1.0],
            "clip/toy": [30.0, 31.0, math.nan, 35.0],
            "lpips/toy": [math.nan] * 4,
        },
    )
    run.write_sets(
        {"fid/toy": SetValue(value=12.34, low=11.0, high=13.5, n=4, reference="renders")}
    )
    return run
