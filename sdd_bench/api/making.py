"""Images, weights and scores: whatever is missing is made, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sdd_bench.errors import IncompleteError, InputError, unknown
from sdd_bench.formats.page import Page
from sdd_bench.progress import watch

from .arguments import (
    Names,
    OptionFields,
    interruptible,
    one,
    options_of,
    place,
    request_of,
    several,
)
from .results import ImportResult, Result, RunResult, TrainResult, table_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sdd_bench.registry import Registry
    from sdd_bench.runs.run import Run

    from .tracking import Log


def run(
    methods: Names,
    suites: Names,
    *,
    discard_images: bool = False,
    log_to: str | None = None,
    ends: bool = False,
    **options: Unpack[OptionFields],
) -> RunResult:
    """Runs of methods on suites: trained, generated and scored as far as anything is missing.

    `methods` are names of `list_methods()` or `file.py:Name`; `suites` names of `list_suites()`,
    files of prompts, `hub:OWNER/NAME`, or `NAME=FILE`. The options are `OptionFields`.
    Raises InputError, MissingError for what this machine lacks, and IncompleteError if metrics have
    failed: its `result` is what would have been returned.

    `discard_images` removes the pictures when they are judged: scores and hashes stay. `log_to`
    (tensorboard, wandb or mlflow) is told how far the work is, and of each run's values at the end.

    A plugin that takes longer than `timeout` is interrupted; where that can't be done (code in C)
    the process `ends`, with exit code 4, if you say so.
    """
    from sdd_bench.benchmark import preflight, runner

    from . import tracking

    tracking.check(log_to)
    request = replace(request_of(methods, suites, options), discard_images=discard_images)
    with interruptible(), watch.limit(request.timeout, ends=ends):
        job = preflight.prepare(request)
        name = f"{'+'.join(request.methods)} on {'+'.join(request.suites)}"
        log = tracking.Log(log_to, request.results, name)
        return _result(partial(runner.run_job, job), job.plugins, request.metrics, log)


def train(
    methods: Names,
    *,
    curves: Names = (),
    save_every: int | None = None,
    log_to: str | None = None,
    gradient_checkpointing: bool = False,
    **options: Unpack[OptionFields],
) -> TrainResult:
    """Checkpoints of trained methods, and with `curves` (suites) the scores along the training.

    `save_every` iterations the weights on the way are kept (a tenth of all by default); `log_to` is
    tensorboard, wandb or mlflow. Raises InputError for a method that is not trained.
    """
    import pandas as pd

    from sdd_bench.analysis import curves as along
    from sdd_bench.benchmark import preflight, trainer
    from sdd_bench.figures import curve

    with interruptible():
        job = preflight.prepare(request_of(methods, curves, options, no_suite=True))
        trained = trainer.train_all(
            job,
            save_every=save_every,
            log_to=log_to,
            gradient_checkpointing=gradient_checkpointing,
        )
        checkpoints = {method.name: path for method, path in trained}
        rows = [[name, str(path)] for name, path in checkpoints.items()]
        header = ["method", "checkpoint"]
        page = Page(
            title="Trained", header=header, rows=rows, tidy=pd.DataFrame(rows, columns=header)
        )
        if not job.suites:
            return TrainResult(pages=(page,), checkpoints=checkpoints)
        tidy = along.measure(job, trained)
        file = along.save(tidy, job.request.results / along.FOLDER / "+".join(checkpoints))
        files = (file, *curve.beside(file, tidy))
        return TrainResult(pages=(page,), checkpoints=checkpoints, curves=tidy, files=files)


def score(
    runs: RunResult | Run | str | Path | Iterable[Run | str | Path],
    metrics: Names,
    *,
    reference: str | None = None,
    timeout: float | None = None,
    log_to: str | None = None,
    ends: bool = False,
) -> RunResult:
    """Stored runs, or what `run` returned, scored with other definitions; nothing is generated.

    `reference` names the real images that sets are compared with, such as coco30k, by default
    those of the suite.
    `timeout`, `log_to`, `ends` and IncompleteError are as for `run`.
    """
    from sdd_bench import registry
    from sdd_bench.benchmark import runner
    from sdd_bench.runs.run import Run

    from . import tracking

    tracking.check(log_to)
    several_runs = runs.runs if isinstance(runs, RunResult) else runs
    listed = [several_runs] if isinstance(several_runs, (str, Path, Run)) else list(several_runs)
    folders = [run.folder if isinstance(run, Run) else place(run, "a run") for run in listed]
    plugins, names = registry.scan(), several(metrics, "metric")
    if not names:
        raise InputError("no metric is named; `list_metrics()` has them")
    seconds = options_of({"timeout": timeout}).timeout
    with interruptible(), watch.limit(seconds, ends=ends):
        opened = [Run.open(folder) for folder in folders]
        log = tracking.Log.of_runs(log_to, opened)
        return _result(
            partial(runner.rescore, opened, names, plugins, reference), plugins, names, log
        )


def _result(
    work: Callable[[], list[Run]], plugins: Registry, names: Sequence[str], log: Log
) -> RunResult:
    """The table of the runs that the work returns, when a tracker has been told of both.

    Raises IncompleteError, whose result is that table, if metrics have failed, or the tracker.
    """
    failed: list[IncompleteError] = []
    with log.followed():
        try:
            runs = work()
        except IncompleteError as error:
            if not isinstance(error.result, list):
                raise
            runs, failed = error.result, [error]
    result = table_of(runs, plugins, names)
    failed += log.sent(result)
    if failed:
        raise IncompleteError.of(failed, result) from failed[0]
    return result


def import_images(
    folder: str | Path,
    suite: str | None,
    name: str,
    *,
    naming: str | None = None,
    **options: Unpack[OptionFields],
) -> ImportResult:
    """A run of images that somebody else generated, called `name`; `score` judges it.

    `naming` is rows (000012.png), cases (12_0.png) or texts (a cat_42.png), by default what most
    files fit. Of the options, `model`, `limit`, `images_per_prompt`, `columns` and `results` count.
    Without a suite the prompts are not known: metrics that read none judge the images, and
    `naming`, `images_per_prompt` and `columns` have nothing to say.
    """
    from sdd_bench import models, registry
    from sdd_bench.benchmark.request import load_suite
    from sdd_bench.runs import filenames, importer

    chosen = options_of(options)
    if suite is None and (naming or chosen.images_per_prompt or chosen.columns):
        raise InputError(
            "the naming, the images per prompt and the columns are about the prompts of a suite: "
            "give one, or none of them"
        )
    spec, plugins = models.find(chosen.model), registry.scan()
    run, matched = importer.import_images(
        place(folder, "the folder"),
        None
        if suite is None
        else load_suite(one(suite, "suite"), spec, replace(chosen, limit=None)),
        name=one(name),
        model=spec.name,
        results=chosen.results,
        taken=plugins.methods(),
        limit=chosen.limit,
        naming=naming,
        counted=chosen.images_per_prompt is not None,
    )
    table = table_of([run], plugins)
    return ImportResult(
        pages=table.pages,
        runs=table.runs,
        files=len(matched.files),
        naming=filenames.description(matched.naming),
    )


def reference(
    images: str | Path,
    out: str | Path,
    *,
    metric: str = "fid/clean",
    crop: Literal["centre", "none"] = "centre",
    ids: str | Path | None = None,
    compare_with: int | None = None,
) -> Mapping[str, str]:
    """The statistics of a folder of real images that set metrics compare with, as a file.

    Returns what the file says of them: `count`, `crop`, `images` (a SHA-256) and `compare_with`.
    `ids` is a CSV whose column `image_id` says which images count. Raises InputError.
    """
    from sdd_bench import registry
    from sdd_bench.progress import progress
    from sdd_bench.runs import places
    from sdd_bench.scoring import references
    from sdd_bench.types import SetMetric

    if crop not in get_args(references.Crop):
        raise unknown("crop", str(crop), get_args(references.Crop))
    item, instrument = registry.scan().definition(one(metric, "metric"))
    if not isinstance(instrument, SetMetric):
        raise InputError(f"'{item.name}' judges image by image and needs no reference")
    places.check(Path(out), "--out")
    paths = references.find_images(Path(images), Path(ids) if ids is not None else None)
    with interruptible(), progress(f"{item.name} of {images}", len(paths)) as advance:
        return references.write(
            instrument, paths, Path(out), crop=crop, compare_with=compare_with, advance=advance
        )


def reproduce(
    table: str,
    *,
    sources: Mapping[str, str] | None = None,
    preview: bool = False,
    say: Callable[[str], None] = lambda _: None,
    **options: Unpack[OptionFields],
) -> Result:
    """A paper's table, after whatever it lacks has been trained, generated and scored.

    `table` is table1, table2 or a .toml file; `sources` says by suite where the prompts are that
    are not shipped; `preview` makes a tenth of the images. `say` is told what is done next.
    """
    from sdd_bench import registry
    from sdd_bench.papers import reproduction
    from sdd_bench.papers.table import page

    from .reading import paper_of

    plugins = registry.scan()
    paper, needs, results = paper_of(table, sources or {}, options, preview=preview)
    with interruptible():
        try:
            states = reproduction.reproduce(needs, results, plugins, say)
        except IncompleteError as error:
            if isinstance(error.result, list):
                error.result = Result(pages=(page(paper, error.result, plugins),))
            raise
        return Result(pages=(page(paper, states, plugins),))
