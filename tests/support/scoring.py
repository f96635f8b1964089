"""Runs of random pictures, and scoring them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from sdd_bench.runs.run import Run
from sdd_bench.scoring import scorer
from sdd_bench.scoring.task import Task
from sdd_bench.types import Metric, Pixels, Prompt, Sample
from support.runs import made_up, run_spec


def random_image(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def samples(count: int) -> list[Sample]:
    return [
        Sample(suite="toy", prompt=Prompt(id=f"p{i:03d}", text=f"text {i}"), k=0, seed=i)
        for i in range(count)
    ]


def make_run(
    folder: Path, count: int, method: str = "sd-neg", noise: Callable[[int], str] = str
) -> Run:
    """A run of so many random pictures; those of `sd` are others."""
    return made_up(
        folder,
        run_spec(model="toy", method=method, concepts=("nudity",), suite="toy"),
        pictures=[
            (each, random_image(each.seed + 1000 * (method == "sd")), noise(each.seed))
            for each in samples(count)
        ],
    )


def task(run: Run, count: int, *metrics: Metric, **more: object) -> Task:
    """The first images of a run, to be scored by these metrics."""
    named = {item.name: (item, metric) for metric in metrics for item in metric.definitions}
    return Task(run=run, samples=samples(count), measurements=named, **more)  # type: ignore[arg-type]


def score(run: Run, wanted: Sequence[Sample], *metrics: Metric, **more: object) -> list[int]:
    """Score, and say how many images each pass was over."""
    passes: list[int] = []

    def track(total: int) -> nullcontext[Callable[[int], None]]:
        passes.append(total)
        return nullcontext(lambda count: None)

    named = {item.name: (item, metric) for metric in metrics for item in metric.definitions}
    scorer.score(Task(run=run, samples=wanted, measurements=named, **more), track)  # type: ignore[arg-type]
    return passes


def reason(run: Run, name: str = "toy/unlike") -> str:
    """Why a set has no value."""
    value = run.sets()[name]
    assert math.isnan(value.value)
    assert value.n == 0
    return value.reason
