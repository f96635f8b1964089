"""The main job: methods x suites to images, scores and runs. Nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import models, provenance
from sdd_bench.errors import InputError
from sdd_bench.progress import progress
from sdd_bench.runs.identity import RunSpec
from sdd_bench.runs.lookup import baseline_of
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import Measurements, measurements
from sdd_bench.scoring.references import RealImages, reference_of
from sdd_bench.scoring.scorer import score
from sdd_bench.scoring.task import Task
from sdd_bench.suites import catalog, seeds
from sdd_bench.training import checkpoints
from sdd_bench.training.checkpoints import Checkpoint
from sdd_bench.types import Sample, Settings, Suite

from . import trainer
from .preflight import load, read
from .request import Request, load_suite
from .selection import SelectedMethod

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.diffusion.denoising import Plan


def run(request: Request) -> list[Run]:
    """Generate and score whatever is missing. The runs come suite by suite, in the order asked."""
    # All of the input is read before anything is computed: a slip must not cost an hour.
    chosen = read(request)
    bundle = load(request)
    return run_with(bundle, request, chosen, trainer.weights(bundle, chosen, request))


def run_with(
    bundle: Bundle,
    request: Request,
    chosen: Sequence[SelectedMethod],
    own: Sequence[Checkpoint | None],
) -> list[Run]:
    """The same with a loaded model, and with the weights that each method runs on."""
    done = []
    for name in request.suites:
        suite = load_suite(name, bundle.spec, request)
        samples = seeds.samples(suite, request.seed)
        made = [
            _open(bundle, each, suite, request, held.hash if held else None)
            for each, held in zip(chosen, own, strict=True)
        ]
        for held, several in trainer.by_weights(own):
            with checkpoints.applied(bundle, held):
                these = [made[index] for index in several]
                plans = [chosen[index].plan for index in several]
                _make_images(bundle, plans, these, suite, samples)
        reference = reference_of(suite)
        instruments = measurements(request.metrics, bundle.spec, suite)
        for each in made:
            _score(each, samples, instruments, reference)
        done += made
    return done


def rescore(folders: Iterable[Path], metrics: Sequence[str]) -> list[Run]:
    """Score stored images with other definitions; nothing is generated."""
    runs = [Run.open(folder) for folder in folders]
    for each in runs:
        samples = each.samples()
        if not samples:
            raise InputError(
                f"{each.folder} has no scores that say what its images are of: give the same "
                "`sdd-bench run` command again"
            )
        suite = Suite(
            name=each.spec.suite, prompts=(), reference=_catalog_reference(each.spec.suite)
        )
        chosen = measurements(metrics, models.judged_as(each.spec.model), suite)
        _score(each, samples, chosen, reference_of(suite))
    return runs


def _catalog_reference(suite: str) -> str | None:
    entry = catalog.catalog().get(suite)
    return entry.reference if entry else None


# --- doing it ---------------------------------------------------------------------------------


def _open(
    bundle: Bundle, chosen: SelectedMethod, suite: Suite, request: Request, checkpoint: str | None
) -> Run:
    """The run of a method on a suite, a new one or the one already there."""
    settings = Settings(
        steps=request.steps,
        guidance_scale=request.guidance_scale,
        seed=request.seed,
        dtype=bundle.dtype_name,
    )
    spec = RunSpec(
        model=bundle.spec.name,
        model_hash=bundle.hash,
        method=chosen.name,
        parameters=chosen.parameters,
        concepts=chosen.concepts,
        checkpoint=checkpoint,
        suite=suite.name,
        suite_hash=suite.hash,
        settings=settings,
        numerics=bundle.numerics,
    )
    return Run.create(request.results, spec)


def _make_images(
    bundle: Bundle,
    methods: Sequence[Plan],
    runs: Sequence[Run],
    suite: Suite,
    samples: Sequence[Sample],
) -> None:
    """Generate what the runs lack. Methods that lack the same images make them together."""
    from sdd_bench.diffusion import generator

    groups: dict[tuple[int, ...], list[Sample]] = {}
    lacking = [_prepare(run, samples) for run in runs]
    for sample in samples:
        key = tuple(index for index, stems in enumerate(lacking) if sample.stem in stems)
        groups.setdefault(key, []).append(sample)
    for indices, several in groups.items():
        if not indices:
            continue
        plans = [methods[i] for i in indices]
        names = " + ".join(runs[i].spec.method for i in indices)
        with progress(f"{names} on {suite.name}", len(several) * len(indices)) as advance:
            for picture in generator.generate(bundle, plans, several, runs[0].spec.settings):
                run = runs[indices[picture.plan]]
                run.save_image(picture.sample, picture.pixels, picture.noise_hash)
                advance(1)
    unfinished = [run for run in runs if run.facts().finished is None]
    if unfinished:
        truncated = sum(bundle.truncates(prompt.text) for prompt in suite.prompts)
        facts = provenance.collect()
        for run in unfinished:
            run.finish(images=run.facts().images, truncated_prompts=truncated, provenance=facts)


def _prepare(run: Run, samples: Sequence[Sample]) -> set[str]:
    """The stems of the images that a run lacks; what it knew of them is forgotten."""
    missing = run.missing(samples)
    run.forget(missing)
    total = len({sample.stem for sample in [*run.samples(), *samples]})
    facts = run.facts()
    finished = None if missing else facts.finished
    run.write_facts(replace(facts, images=total, finished=finished))
    return {sample.stem for sample in missing}


def _score(
    each: Run,
    samples: Sequence[Sample],
    chosen: Measurements,
    reference: RealImages | None,
) -> None:
    """Score a run, with the images of earlier and bigger requests."""
    asked = {sample.stem for sample in samples}
    everything = [*samples, *(s for s in each.samples() if s.stem not in asked)]
    task = Task(
        run=each,
        samples=everything,
        measurements=chosen,
        baseline=baseline_of(each),
        reference=reference,
    )
    score(task, partial(progress, f"scoring {each.spec.method} on {each.spec.suite}"))
