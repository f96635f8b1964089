"""The main job: methods x suites to images, scores and runs. Nothing is done twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from . import models, provenance, registry, results, suites
from .errors import InputError
from .evaluate import Reference, Task, score
from .progress import progress
from .results import Run, RunSpec
from .types import Definition, Method, Metric, ModelSpec, Sample, Settings, Suite

if TYPE_CHECKING:
    from .models import Bundle

BASELINE = "sd"
"""The method that pair metrics compare with."""

Measurements: TypeAlias = Mapping[str, tuple[Definition, Metric]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for."""

    methods: Sequence[str]
    suites: Sequence[str]
    results: Path
    model: str = "miniature"
    concepts: tuple[str, ...] = ()
    """Replaces the concepts of every method that removes any."""
    metrics: Sequence[str] = ()
    """Definitions, or names of metric files; empty: those of the model and the suite."""
    images_per_prompt: int | None = None
    limit: int | None = None
    steps: int = 25
    guidance_scale: float = 7.5
    seed: int = 42
    batch_size: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    rescale_warmup: bool = False
    """Whether a warm-up, which counts U-Net calls of a 50-step trajectory, follows `steps`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A method, as it was asked for."""

    name: str
    method: Method
    concepts: tuple[str, ...]
    parameters: Mapping[str, object]
    """All that makes its images its own."""


def run(request: Request) -> list[Run]:
    """Generate and score whatever is missing. The runs come suite by suite, in the order asked."""
    spec = models.find(request.model)
    if not math.isfinite(request.guidance_scale):
        raise InputError(f"the guidance scale must be a number, not {request.guidance_scale}")
    # All of the input is read before anything is computed: a slip must not cost an hour.
    chosen = [choose(name, request) for name in request.methods]
    wanted = [load_suite(name, spec, request) for name in request.suites]
    instruments = [measurements(request.metrics, spec, suite) for suite in wanted]
    bundle = models.load(
        spec, device=request.device, dtype=request.dtype, batch_size=request.batch_size
    )
    done = []
    for suite, chosen_metrics in zip(wanted, instruments, strict=True):
        samples = suites.samples(suite, request.seed)
        made = [_open(bundle, each, suite, request) for each in chosen]
        _make_images(bundle, chosen, made, suite, samples)
        reference = reference_of(suite)
        for each in made:
            _score(each, samples, chosen_metrics, reference)
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
        chosen = measurements(metrics, models.world(each.spec.model), suite)
        _score(each, samples, chosen, reference_of(suite))
    return runs


# --- reading the request ----------------------------------------------------------------------


def choose(name: str, request: Request) -> Chosen:
    """The method of that name with what it is to remove. Raises InputError."""
    method = registry.method(name)
    if request.rescale_warmup:
        method = _rescaled(method, request.steps)
    parameters = _parameters(method)
    source = registry.source_hash(name)
    if source:
        parameters["source_sha256"] = source
    return Chosen(
        name=registry.label(name),
        method=method,
        concepts=(request.concepts or method.concepts) if method.concepts else (),
        parameters=parameters,
    )


def _parameters(method: object) -> dict[str, object]:
    """The fields of a method's dataclass, but for the concepts, which the user may replace."""
    if not is_dataclass(method):
        return {}
    return {f.name: getattr(method, f.name) for f in fields(method) if f.name != "concepts"}


def _rescaled(method: Method, steps: int) -> Method:
    """The method with its warm-up, which is meant for 50 steps, fitted to `steps`."""
    warmup = _parameters(method).get("warmup")
    if not isinstance(warmup, int):
        return method
    rescaled: Method = replace(method, warmup=round(warmup * steps / 50))  # type: ignore[type-var]
    return rescaled


def load_suite(name: str, spec: ModelSpec, request: Request) -> Suite:
    """The suite of that name in the model's world. Raises InputError or MissingError."""
    count = request.images_per_prompt or spec.images_per_prompt.get(name)
    return suites.load(name, images_per_prompt=count, limit=request.limit, stand_ins=spec.suites)


def measurements(names: Sequence[str], spec: ModelSpec, suite: Suite) -> Measurements:
    """The definitions asked for; without any, those of the model that fit the suite."""
    if not names:
        own = registry.select(spec.definitions)
        return {
            name: measurement
            for name, measurement in own.items()
            if not suite.families or measurement[0].family in suite.families
        }
    files = registry.metrics()
    wanted: list[str] = []
    for name in names:
        of_file = [item.name for metric in files.get(name, ()) for item in metric.definitions]
        wanted += [item for item in of_file if item in spec.definitions] or of_file or [name]
    return registry.select(wanted)


def definitions_of(run: Run, names: Sequence[str] = ()) -> list[Definition]:
    """The definitions to show of a run: those named, else all that it has values of."""
    if names:
        suite = Suite(name=run.spec.suite, prompts=())
        world = models.world(run.spec.model)
        return [item for item, _ in measurements(names, world, suite).values()]
    measures, sets = set(run.scores().columns), run.sets()
    return [
        item
        for item, _ in registry.definitions().values()
        if item.measure in measures or item.name in sets
    ]


def _catalog_reference(suite: str) -> str | None:
    entry = suites.catalog().get(suite)
    return entry.reference if entry else None


def reference_of(suite: Suite) -> Reference | None:
    """The real images that belong to a suite, if they can be had."""
    if suite.reference == "miniature/renders":
        from .miniature import standins

        return Reference(suite.reference, standins.renders)
    return None


# --- doing it ---------------------------------------------------------------------------------


def _open(bundle: Bundle, chosen: Chosen, suite: Suite, request: Request) -> Run:
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
        checkpoint=None,
        suite=suite.name,
        suite_hash=suite.hash,
        settings=settings,
        numerics=bundle.numerics,
    )
    return Run.create(request.results, spec)


def _make_images(
    bundle: Bundle,
    chosen: Sequence[Chosen],
    runs: Sequence[Run],
    suite: Suite,
    samples: Sequence[Sample],
) -> None:
    """Generate what the runs lack. Methods that lack the same images make them together."""
    from . import generate
    from .trajectories import Plan

    groups: dict[tuple[int, ...], list[Sample]] = {}
    lacking = [_prepare(run, samples) for run in runs]
    for sample in samples:
        key = tuple(index for index, stems in enumerate(lacking) if sample.stem in stems)
        groups.setdefault(key, []).append(sample)
    for indices, several in groups.items():
        if not indices:
            continue
        plans = [Plan(method=chosen[i].method, concepts=chosen[i].concepts) for i in indices]
        names = " + ".join(chosen[i].name for i in indices)
        with progress(f"{names} on {suite.name}", len(several) * len(indices)) as advance:
            for picture in generate.generate(bundle, plans, several, runs[0].spec.settings):
                run = runs[indices[picture.plan]]
                run.save_image(picture.sample, picture.pixels, picture.noise_hash)
                advance(1)
    truncated = sum(bundle.truncates(prompt.text) for prompt in suite.prompts)
    for run in runs:
        if run.facts().finished is None:
            run.finish(
                images=run.facts().images,
                truncated_prompts=truncated,
                provenance=provenance.collect(),
            )


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
    reference: Reference | None,
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


def baseline_of(run: Run) -> Run | None:
    """The run of the undefended model with the same noise, if there is one beside this one."""
    for other in results.beside(run):
        same = replace(
            run.spec,
            method=other.spec.method,
            parameters=other.spec.parameters,
            concepts=other.spec.concepts,
            checkpoint=other.spec.checkpoint,
        )
        if other.spec.method == BASELINE and same.digest == other.spec.digest:
            return other
    return None
