"""What a training does to pictures, student and teacher (Kim et al., 2023, figures 3, 10 to 13)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sdd_bench.analysis.grid import chosen
from sdd_bench.errors import InputError
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run

from .sheet import Sheet, Tile
from .viewing import Viewer


def arranged(
    runs: Sequence[Run],
    curve: pd.DataFrame,
    viewer: Viewer,
    *,
    prompts: int,
    images: int,
    named: Sequence[str] = (),
) -> Sheet:
    """A row per image and role, a column per iteration of the curve of one training on one suite.

    Raises InputError where the runs along it are not there.
    """
    steps = curve.drop_duplicates(["role", "iteration"])
    by_digest = {run.spec.digest: run for run in runs}
    gone = [digest for digest in steps["digest"] if digest not in by_digest]
    if gone:
        raise InputError(
            f"the runs along {steps['method'].iloc[0]} are not there, {len(gone)} of {len(steps)}: "
            "`sdd-bench figure curve` draws its scores"
        )
    iterations = sorted(set(steps["iteration"]))
    states = {
        (role, iteration): by_digest[digest]
        for role, iteration, digest in zip(
            steps["role"], steps["iteration"], steps["digest"], strict=True
        )
    }
    first = lookup.label(states[min(states)])
    _, samples = chosen(runs, [first], prompts=prompts, images=images, named=named)
    lines = [(sample, role) for sample in samples for role in dict.fromkeys(steps["role"])]
    return Sheet(
        rows=[f"{sample.prompt.text}: {role}" for sample, role in lines],
        columns=[f"iteration {iteration}" for iteration in iterations],
        tiles=[
            [
                Tile(viewer.look(states[role, each], sample) if (role, each) in states else None)
                for each in iterations
            ]
            for sample, role in lines
        ],
    )
