"""The main job: methods x suites to images, scores and runs. Nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import models, provenance
from sdd_bench.errors import IncompleteError, InputError
from sdd_bench.progress import progress
from sdd_bench.registry import Registry
from sdd_bench.runs import changes, claims
from sdd_bench.runs.lookup import baseline_of
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import Measurements, measurements
from sdd_bench.scoring.references import RealImages, reference_of
from sdd_bench.scoring.scorer import score
from sdd_bench.scoring.task import Task
from sdd_bench.suites import catalog
from sdd_bench.types import Sample

from . import actors, discarding, stock, trainer, workers
from .crew import size
from .generation import Lack, Making
from .job import Job, SuiteJob
from .preflight import load, prepare
from .request import Request
from .selection import SelectedMethod

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.training.checkpoints import Checkpoint


def run(request: Request) -> list[Run]:
    """Generate and score whatever is missing. The runs come suite by suite, in the order asked."""
    return run_job(prepare(request))


def run_job(job: Job) -> list[Run]:
    """The runs of a request that has been read, made and scored as far as they are missing."""
    request = job.request
    if request.engine == "ray":
        return actors.work(request)
    if request.workers is not None and request.workers > 1:
        workers.work(request, request.workers)
    there = stock.without_model(job)
    if there is not None and _is_shared_out(job, there):
        there = stock.without_model(job)
    if there is not None and there.complete is not None:
        return _judged(job, there.complete)
    bundle = load(request)
    ready = trainer.ready(bundle, job.methods, request)
    if ready and len(ready) < len(job.methods):
        # Another process trains the others: what there is to do until then is done first.
        first = replace(job, methods=tuple(ready))
        with suppress(IncompleteError):  # which the whole of it will tell
            run_with(first, bundle, trainer.weights(bundle, ready, request))
    weights = trainer.weights(bundle, job.methods, request)
    if there is None and request.workers is None:
        there = stock.with_model(job, bundle, weights)
        there = None if _is_shared_out(job, there) else there
    looked = there.known if there else {}
    return run_with(job, bundle, weights, discards=request.discard_images, looked=looked)


def _is_shared_out(job: Job, there: stock.Stock) -> bool:
    """Whether other processes have made, and judged, what there was to make."""
    if job.request.workers is not None:
        return False
    crew = size(job.request, job.model, there.images)
    if crew > 1:
        workers.work(job.request, crew)
    return crew > 1


def run_with(
    job: Job,
    bundle: Bundle,
    weights: Sequence[Checkpoint | None],
    *,
    discards: bool = False,
    looked: Mapping[Path, Lack] = {},
) -> list[Run]:
    """The same with a loaded model, and with the weights that each method runs on.

    What `discards` the pictures of a suite does so when all of its runs are judged. Runs that were
    `looked` at, by their folders, are not again.
    """
    from sdd_bench.diffusion.loading import single_precision
    from sdd_bench.training import checkpoints

    done: list[Run] = []
    failed: list[IncompleteError] = []
    for work in job.suites:
        runs = [
            stock.opened(job, work, bundle, method, held)
            for method, held in zip(job.methods, weights, strict=True)
        ]
        for held, places in trainer.by_weights(weights):
            with single_precision(), checkpoints.applied(bundle, held):
                methods = [job.methods[place] for place in places]
                lacks = [
                    looked[run.folder] if run.folder in looked else stock.lack(run, work)
                    for run in (runs[place] for place in places)
                ]
                _make_images(bundle, methods, lacks, work)
        _judge(job, work, runs, failed, discards=discards)
        done += runs
    return _all(done, failed)


def _judged(job: Job, there: Sequence[Sequence[Lack]]) -> list[Run]:
    """The runs of each suite, none of which lacks a picture, scored as far as they are not."""
    done: list[Run] = []
    failed: list[IncompleteError] = []
    for work, lacks in zip(job.suites, there, strict=True):
        runs = [lack.run for lack in lacks]
        for lack, method in zip(lacks, job.methods, strict=True):
            changes.forget_changed(lack.run, work.own, lack.pixels)
            _note_plugins(lack.run, [part.method for part in method.chain])
        _judge(job, work, runs, failed, discards=job.request.discard_images)
        done += runs
    return _all(done, failed)


def rescore(
    runs: list[Run], metrics: Sequence[str], plugins: Registry, real: str | None = None
) -> list[Run]:
    """Stored runs, scored with other definitions; nothing is generated. Raises InputError.

    `real` names the images that sets are compared with instead of the suite's.
    """
    suites = catalog.catalog()
    failed: list[IncompleteError] = []
    for each in runs:
        samples = each.samples()
        if not samples:
            raise InputError(
                f"{each.folder} has no scores that say what its images are of: give the same "
                "`sdd-bench run` command again"
            )
        each.repair()
        selected = measurements(metrics, models.judged_as(each.spec.model), (), plugins)
        entry = suites.get(each.spec.suite)
        with _going_on(failed):
            reference = reference_of(real or (entry.reference if entry else None))
            _score(_task(each, samples, selected, reference))
    return _all(runs, failed)


# --- doing it ---------------------------------------------------------------------------------


def _judge(
    job: Job, work: SuiteJob, runs: Sequence[Run], failed: list[IncompleteError], *, discards: bool
) -> None:
    """Score the runs on a suite, and discard their pictures if that is asked for."""
    for each in runs:
        with _going_on(failed):
            _score(_task_of(each, work, job.request))
        _count(each)
    if discards:
        discarding.discard([_task_of(run, work) for run in runs])


def _make_images(
    bundle: Bundle, methods: Sequence[SelectedMethod], lacks: Sequence[Lack], work: SuiteJob
) -> None:
    """Generate what runs lack. Methods that lack the same images make them together."""
    runs = [lack.run for lack in lacks]
    try:
        Making(bundle=bundle, methods=methods, lacks=lacks, work=work).make()
    finally:
        for lack in lacks:
            changes.forget_changed(lack.run, work.own, lack.pixels)
    unfinished = [run for run in runs if not run.facts().finished and not _is_shared(run, work)]
    if unfinished:
        truncated = sum(bundle.truncates(prompt.text) for prompt in work.suite.prompts)
        versions = provenance.collect()
        for run in unfinished:
            run.finish(truncated_prompts=truncated, provenance=versions)
    for run, method in zip(runs, methods, strict=True):
        _note_plugins(run, [part.method for part in method.chain])


def _count(run: Run) -> None:
    """Record how many images there are if fewer are on record: a smaller request that began in the
    same instant knew nothing of this one's.
    """
    scored = len(run.scores())
    changes.facts(run, lambda known: replace(known, images=max(known.images, scored)))


def _is_shared(run: Run, work: SuiteJob) -> bool:
    """Whether another process is to make more images of a run: it will say when all are there."""
    missing = run.facts().images > len(run.stored())
    return missing and (work.is_shard or bool(claims.others_in(run.folder / "images")))


def _note_plugins(run: Run, objects: Sequence[object]) -> None:
    """Record where plugins come from that have made or judged the images."""
    found = provenance.plugins(objects)
    changes.facts(run, lambda known: replace(known, provenance={**known.provenance, **found}))


@contextmanager
def _going_on(failed: list[IncompleteError]) -> Iterator[None]:
    """Within it, a metric may fail: that is told when all else is done."""
    try:
        yield
    except IncompleteError as error:
        failed.append(error)


def _all(runs: list[Run], failed: Sequence[IncompleteError]) -> list[Run]:
    """The runs; raises IncompleteError, which has them, if metrics have failed on some."""
    if failed:
        raise IncompleteError.of(failed, runs)
    return runs


def _task_of(run: Run, work: SuiteJob, request: Request | None = None) -> Task:
    """A run on a suite to be scored; of a shard its own images alone."""
    task = _task(run, work.samples, work.measurements, work.reference, request)
    return replace(task, samples=work.own, whole=work.samples) if work.is_shard else task


def _task(
    run: Run,
    samples: Sequence[Sample],
    selected: Measurements,
    reference: RealImages | None,
    request: Request | None = None,
) -> Task:
    """A run to be scored, with the images of earlier and bigger requests."""
    asked = {sample.stem for sample in samples}
    everything = [*samples, *run.samples(besides=asked)]
    return Task(
        run=run,
        samples=everything,
        measurements=selected,
        baseline=baseline_of(run),
        reference=reference,
        discards=(request is not None and request.discard_images) or run.facts().discarded,
    )


def _score(task: Task) -> None:
    """Score a run, and note which plugins do."""
    run = task.run
    if not run.part:
        changes.join(run)
    _note_plugins(run, [metric for _, metric in task.measurements.values()])
    with discarding.judging(run):
        score(task, partial(progress, f"scoring {run.spec.method} on {run.spec.suite}"))
