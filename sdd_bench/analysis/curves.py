"""What training does to the pictures, iteration by iteration (Kim et al., 2023, figure 5)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from sdd_bench import files
from sdd_bench.benchmark import preflight, runner
from sdd_bench.benchmark.job import Job
from sdd_bench.benchmark.selection import SelectedMethod
from sdd_bench.errors import MissingError
from sdd_bench.scoring.definitions import definitions_of

from . import table


def measure(job: Job, checkpoint_of: Sequence[tuple[SelectedMethod, Path]]) -> pd.DataFrame:
    """The tidy table (`table.COLUMNS`) of the job's suites along trainings.

    `checkpoint_of` has the methods with their finished checkpoints; the weights on the way lie
    beside those.
    More columns: `role` (student or teacher) and `iteration`, 0 for the model before training.
    """
    from sdd_bench.training import checkpoints, loop

    bundle = preflight.load(job.request)
    frames = []
    for method, path in checkpoint_of:
        # Weights on the way are weights like any others.
        along = replace(job, methods=(replace(method, parameters={}, concepts=()),))
        steps = loop.steps(path.parent)
        roles = checkpoints.roles(steps[-1])
        for step in [None, *steps]:
            for role in roles:
                weights = checkpoints.read(step, bundle, role) if step else None
                for run in runner.run_with(along, bundle, [weights]):
                    definitions = definitions_of(run, job.plugins, job.request.metrics)
                    tidy = table.frame([run], definitions)
                    iteration = loop.iteration(step) if step else 0
                    frames.append(tidy.assign(role=role, iteration=iteration))
    return table.join(frames)


def save(curve: pd.DataFrame, folder: Path) -> list[Path]:
    """Write curve.parquet and one plot per suite and definition; returns the files."""
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    table = folder / "curve.parquet"
    files.write_parquet(table, curve)
    written = [table]
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError(
            f"{table} is written, but plots need matplotlib: pip install matplotlib"
        ) from error
    for (suite, definition), part in curve.groupby(["suite", "definition"]):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.add_subplot()
        for (method, role), line in part.groupby(["method", "role"]):
            axes.plot(line["iteration"], line["value"], marker="o", label=f"{method}, {role}")
            axes.fill_between(line["iteration"], line["low"], line["high"], alpha=0.15)
        axes.set(xlabel="iteration", ylabel=f"{definition} {part['unit'].iloc[0]}", title=suite)
        axes.legend()
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=120)
        name = f"{suite}-{definition}".replace("/", "-")
        files.write(folder / f"{name}.png", drawn.getvalue())
        written.append(folder / f"{name}.png")
    return written
