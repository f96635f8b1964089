"""What the user asked for, read and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from . import registry, suites, worlds
from .errors import unknown
from .types import Definition, Method, Metric, ModelSpec, Suite, Trained

if TYPE_CHECKING:
    from .results import Run
    from .trajectories import Plan

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
    columns: Mapping[str, str] = field(default_factory=dict)
    """Where files of prompts keep the text, seed, group or id, if not under a known name."""
    steps: int = 25
    guidance_scale: float = 7.5
    seed: int = 42
    batch_size: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    rescale_warmup: bool = False
    """Whether a warm-up, which counts U-Net calls of a 50-step trajectory, follows `steps`."""
    recipe: str | None = None
    """Of the trained methods; None: the model's, or else the method's own."""
    trainable: str | None = None
    """Tensors that trained methods train, instead of the recipe's."""
    checkpoint: Path | None = None
    """Weights of the U-Net that every method runs on; nothing is trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A method, as it was asked for."""

    name: str
    method: Method
    concepts: tuple[str, ...]
    parameters: Mapping[str, object]
    """All that makes its images its own."""

    @property
    def plan(self) -> Plan:
        """How it makes images."""
        from .trajectories import Plan

        return Plan(method=self.method, concepts=self.concepts)


def choose(name: str, request: Request) -> Chosen:
    """The method of that name with what it is to remove. Raises InputError."""
    method = registry.method(name)
    if isinstance(method, Trained):
        method = with_recipe(method, request)
    if request.rescale_warmup:
        method = _rescaled(method, request.steps)
    parameters = _parameters(method)
    source = registry.source_hash(name)
    if source:
        parameters["source_sha256"] = source
    if isinstance(method, Trained) and request.checkpoint is not None:
        # Weights that are brought are known by their hash: how they were made is not.
        return Chosen(name=registry.label(name), method=method, concepts=(), parameters={})
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
    values = {f.name: getattr(method, f.name) for f in fields(method) if f.name != "concepts"}
    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in values.items()
    }


def with_recipe(method: Trained, request: Request) -> Method:
    """A trained method by the recipe asked for, or that of the model. Raises InputError."""
    own = worlds.find(request.model).recipe
    name = request.recipe or (own if own in method.recipes else None)
    if name is not None and name not in method.recipes:
        raise unknown("recipe", name, method.recipes)
    chosen = method if name is None else method.recipes[name]
    if request.trainable is not None and isinstance(chosen, Trained):
        plan = replace(chosen.optimisation, trainable=request.trainable)
        chosen = replace(chosen, optimisation=plan)  # type: ignore[type-var]
    return chosen


def _rescaled(method: Method, steps: int) -> Method:
    """The method with its warm-up, which is meant for 50 steps, fitted to `steps`."""
    warmup = _parameters(method).get("warmup")
    if not isinstance(warmup, int):
        return method
    rescaled: Method = replace(method, warmup=round(warmup * steps / 50))  # type: ignore[type-var]
    return rescaled


def load_suite(name: str, spec: ModelSpec, request: Request) -> Suite:
    """The suite of that name in the model's world. Raises InputError or MissingError."""
    count = request.images_per_prompt or spec.images_per_prompt.get(name.partition("=")[0])
    return suites.load(
        name,
        images_per_prompt=count,
        limit=request.limit,
        stand_ins=spec.suites,
        columns=request.columns,
    )


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
        world = worlds.world(run.spec.model)
        return [item for item, _ in measurements(names, world, suite).values()]
    measures, sets = run.measures(), run.sets()
    return [
        item
        for item, _ in registry.definitions().values()
        if item.measure in measures or item.name in sets
    ]
