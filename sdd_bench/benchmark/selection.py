"""Methods as they were asked for: by name, recipe and concepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING

from sdd_bench import models, registry
from sdd_bench.errors import unknown
from sdd_bench.registry import Registry
from sdd_bench.types import Method, Prepared, Trained

from . import parameters
from .request import Options

if TYPE_CHECKING:
    from sdd_bench.diffusion.denoising import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedMethod:
    """A method, as it was asked for."""

    name: str
    method: Method
    concepts: tuple[str, ...]
    parameters: Mapping[str, object]
    """All that makes its images its own."""

    @property
    def plan(self) -> Plan:
        """How it makes images."""
        from sdd_bench.diffusion.denoising import Plan

        return Plan(method=self.method, concepts=self.concepts)


def choose(name: str, request: Options, plugins: Registry) -> SelectedMethod:
    """The method of that name with what it is to remove. Raises InputError."""
    method = plugins.method(name)
    if isinstance(method, Prepared):
        method = with_recipe(method, request)
    label, method = parameters.changed(registry.label(name), method, request.parameters)
    if request.rescale_warmup:
        method = _rescaled(method, request.steps)
    own = _parameters(method)
    source = registry.source_hash(name)
    if source:
        own["source_sha256"] = source
    if isinstance(method, Prepared) and request.checkpoint is not None:
        # Weights that are brought are known by their hash: how they were made is not.
        return SelectedMethod(name=registry.label(name), method=method, concepts=(), parameters={})
    return SelectedMethod(
        name=label,
        method=method,
        concepts=_concepts(name, method, request) if method.concepts else (),
        parameters=own,
    )


def _concepts(name: str, method: Method, request: Options) -> tuple[str, ...]:
    """What a method removes: what is asked for, or its own in the words of the model."""
    of_model = models.find(request.model).concepts.get(name, method.concepts)
    return request.concepts or of_model


def _parameters(method: object) -> dict[str, object]:
    """The fields of a method's dataclass, but for the concepts, which the user may replace."""
    if not is_dataclass(method):
        return {}
    values = {f.name: getattr(method, f.name) for f in fields(method) if f.name != "concepts"}
    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in values.items()
    }


def with_recipe(method: Prepared, request: Options) -> Method:
    """A method by the recipe asked for, or that of the model. Raises InputError."""
    own = models.find(request.model).recipe
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
