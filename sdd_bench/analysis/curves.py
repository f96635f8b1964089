"""What training does to the pictures, iteration by iteration (Kim et al., 2023, figure 5)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from sdd_bench import files, models
from sdd_bench.benchmark import preflight, runner, trainer
from sdd_bench.benchmark.job import Job
from sdd_bench.benchmark.selection import SelectedMethod
from sdd_bench.errors import InputError, unknown
from sdd_bench.files import ContentError
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import definitions_of

from . import table
from .values import INTERVAL

log = logging.getLogger(__name__)

FOLDER, NAME = "curves", "curve.parquet"
"""Where curves lie below a results folder, each in one of its own."""

LINE = ("model", "suite", "definition", "unit", "method", "role")
"""The columns that say which line a point is of."""

_COLUMNS = (*LINE, "digest", *INTERVAL, "iteration", "curve")


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
        base = trainer.base_of(bundle, method, job.request)
        steps = loop.steps(path.parent)
        roles = checkpoints.roles(steps[-1])
        for step in [None, *steps]:
            for role in roles:
                weights = checkpoints.read(step, bundle, role) if step else base
                for run in runner.run_with(along, bundle, [weights]):
                    definitions = definitions_of(run, job.plugins, job.request.metrics)
                    tidy = table.frame([run], definitions)
                    iteration = loop.iteration(step) if step else 0
                    frames.append(tidy.assign(role=role, iteration=iteration))
    return table.join(frames)


def save(curve: pd.DataFrame, folder: Path) -> Path:
    """Write curve.parquet; returns the file."""
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    files.write_parquet(folder / NAME, curve)
    return folder / NAME


def stored(results: Path) -> pd.DataFrame:
    """The curves below a results folder, one after the other, with the name of the folder of each
    as `curve`; with a warning without those that are damaged.
    """
    frames = []
    for path in files.find(results, f"{FOLDER}/*/{NAME}"):
        try:
            tidy = files.read_parquet(path)
            if tidy is not None:
                frames.append(_typed(tidy).assign(curve=path.parent.name))
        except (ContentError, KeyError, TypeError, ValueError) as error:
            log.warning("%s is damaged (%s): left out, as if there were no curve", path, error)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(_COLUMNS))


def without_steps(runs: Sequence[Run], results: Path, names: Sequence[str] = ()) -> list[Run]:
    """The runs but for those of weights on the way of a training, unless their folders are among
    the `names`.
    """
    along = set(stored(results)["digest"])
    return [run for run in runs if run.spec.digest not in along or lookup.label(run) in names]


def _typed(tidy: pd.DataFrame) -> pd.DataFrame:
    """The columns of a curve, with their points in the order of training. Raises KeyError or
    ValueError for a table of something else.
    """
    numbers = dict.fromkeys(INTERVAL, "float64") | {"iteration": "int64"}
    texts = dict.fromkeys((*LINE, "digest"), "str")
    return tidy[[*texts, *numbers]].astype(texts | numbers).sort_values("iteration", kind="stable")


def named(curves: pd.DataFrame, names: Sequence[str], suites: Sequence[str] = ()) -> pd.DataFrame:
    """Those of these methods (or folders of curves) on these suites; without names, all.

    Raises InputError if there are none, and where two are of the same.
    """
    for name in names if len(curves) else ():
        known = {*curves["method"], *curves["curve"]}
        if name not in known:
            raise unknown("curve", name, known)
    chosen = curves[curves["method"].isin(names) | curves["curve"].isin(names) | (not names)]
    if suites:
        places = zip(chosen["suite"], chosen["model"], strict=True)
        chosen = chosen[
            [models.matches_suite(suite.partition(" #")[0], on, suites) for suite, on in places]
        ]
    if not len(chosen):
        on_suites = f" on {', '.join(suites)}" if suites else ""
        raise InputError(
            f"no curve{on_suites} is stored: "
            "`sdd-bench train --method METHOD --curve SUITE` makes one"
        )
    for _, line in chosen.groupby(list(LINE)):
        folders = line["curve"].unique()
        if len(folders) > 1:
            raise InputError(
                f"several curves of {line['method'].iloc[0]} on {line['suite'].iloc[0]}: name one "
                f"of {', '.join(folders)}"
            )
    return chosen
