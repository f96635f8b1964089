"""The main job: methods x suites to images, scores and runs. Nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import models, provenance
from sdd_bench.errors import IncompleteError, InputError
from sdd_bench.progress import progress
from sdd_bench.registry import Registry
from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.lookup import baseline_of
from sdd_bench.runs.run import Facts, Run
from sdd_bench.scoring.definitions import Measurements, measurements
from sdd_bench.scoring.references import RealImages, reference_of
from sdd_bench.scoring.scorer import score
from sdd_bench.scoring.task import Task
from sdd_bench.suites import catalog
from sdd_bench.types import Sample, Settings

from . import trainer
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
    bundle = load(job.request)
    return run_with(job, bundle, trainer.weights(bundle, job.methods, job.request))


def run_with(job: Job, bundle: Bundle, weights: Sequence[Checkpoint | None]) -> list[Run]:
    """The same with a loaded model, and with the weights that each method runs on."""
    from sdd_bench.diffusion.loading import single_precision
    from sdd_bench.training import checkpoints

    done: list[Run] = []
    failed: list[IncompleteError] = []
    for work in job.suites:
        runs = [
            _open(job, work, bundle, method, held)
            for method, held in zip(job.methods, weights, strict=True)
        ]
        for held, places in trainer.by_weights(weights):
            with single_precision(), checkpoints.applied(bundle, held):
                methods = [job.methods[place] for place in places]
                _make_images(bundle, methods, [runs[place] for place in places], work)
        for each in runs:
            with _going_on(failed):
                _score(each, work.samples, work.measurements, work.reference)
        done += runs
    return _all(done, failed)


def rescore(folders: Iterable[Path], metrics: Sequence[str], plugins: Registry) -> list[Run]:
    """Stored runs, scored with other definitions; nothing is generated. Raises InputError."""
    runs, suites = [Run.open(folder) for folder in folders], catalog.catalog()
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
            _score(each, samples, selected, reference_of(entry.reference if entry else None))
    return _all(runs, failed)


# --- doing it ---------------------------------------------------------------------------------


def _open(
    job: Job, work: SuiteJob, bundle: Bundle, method: SelectedMethod, weights: Checkpoint | None
) -> Run:
    """The run of a method on a suite, a new one or the one already there."""
    settings = Settings(
        steps=job.request.steps,
        guidance_scale=job.request.guidance_scale,
        seed=job.request.seed,
        dtype=bundle.dtype_name,
    )
    spec = RunSpec(
        model=bundle.spec.name,
        model_hash=bundle.hash,
        method=method.name,
        parameters=method.parameters,
        concepts=method.concepts,
        checkpoint=weights.hash if weights else None,
        suite=work.suite.name,
        suite_hash=work.suite.hash,
        settings=settings,
        numerics=bundle.numerics,
    )
    return Run.create(job.request.results, spec)


def _make_images(
    bundle: Bundle, methods: Sequence[SelectedMethod], runs: Sequence[Run], work: SuiteJob
) -> None:
    """Generate what the runs lack. Methods that lack the same images make them together."""
    from sdd_bench.diffusion import generator

    prepared = [_prepare(run, work.samples) for run in runs]
    try:
        for unit in work.units([missing for missing, _ in prepared]):
            plans = [methods[place].plan for place in unit.methods]
            names = " + ".join(runs[place].spec.method for place in unit.methods)
            settings = runs[0].spec.settings
            with progress(f"{names} on {work.suite.name}", unit.images) as advance:
                for picture in generator.generate(bundle, plans, unit.samples, settings):
                    run = runs[unit.methods[picture.plan]]
                    run.save_image(picture.sample, picture.pixels, picture.noise_hash)
                    advance(1)
    finally:
        for run in runs:
            run.forget_changed(work.samples)
    unfinished = [
        (run, facts) for run, (_, facts) in zip(runs, prepared, strict=True) if not facts.finished
    ]
    if unfinished:
        truncated = sum(bundle.truncates(prompt.text) for prompt in work.suite.prompts)
        versions = provenance.collect()
        for run, facts in unfinished:
            run.finish(images=facts.images, truncated_prompts=truncated, provenance=versions)
    for run, method in zip(runs, methods, strict=True):
        _note_plugins(run, [method.method])


def _prepare(run: Run, samples: Sequence[Sample]) -> tuple[set[str], Facts]:
    """The stems of the images that a run lacks, and its facts."""
    missing = run.missing(samples)
    total = len({sample.stem for sample in [*run.samples(), *samples]})
    known = run.facts()
    facts = replace(known, images=total, finished=None if missing else known.finished)
    if facts != known:
        run.write_facts(facts)
    return {sample.stem for sample in missing}, facts


def _note_plugins(run: Run, objects: Sequence[object]) -> None:
    """Record where plugins come from that have made or judged the images."""
    known = run.facts()
    facts = replace(known, provenance={**known.provenance, **provenance.plugins(objects)})
    if facts != known:
        run.write_facts(facts)


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


def _score(
    run: Run, samples: Sequence[Sample], selected: Measurements, reference: RealImages | None
) -> None:
    """Score a run, with the images of earlier and bigger requests."""
    asked = {sample.stem for sample in samples}
    everything = [*samples, *(each for each in run.samples() if each.stem not in asked)]
    task = Task(
        run=run,
        samples=everything,
        measurements=selected,
        baseline=baseline_of(run),
        reference=reference,
    )
    _note_plugins(run, [metric for _, metric in selected.values()])
    score(task, partial(progress, f"scoring {run.spec.method} on {run.spec.suite}"))
