"""Methods as they were asked for: by name, recipe and concepts; and combinations of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING

from sdd_bench import models, registry
from sdd_bench.errors import InputError, unknown
from sdd_bench.registry import Registry
from sdd_bench.runs.identity import ON_WEIGHTS_OF
from sdd_bench.types import Method, Prepared, Trained

from . import combination, parameters
from .combination import Part
from .request import Options, check_concepts

if TYPE_CHECKING:
    from sdd_bench.diffusion.denoising import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedMethod:
    """A method, as it was asked for."""

    name: str
    """In tables; of a combination the whole of it."""
    part: str
    """Without the methods before it."""
    method: Method
    concepts: tuple[str, ...]
    parameters: Mapping[str, object]
    """All that makes its images its own."""
    before: SelectedMethod | None = None
    """What makes the weights that it runs on, or starts from; None: they are the model's."""

    @property
    def chain(self) -> tuple[SelectedMethod, ...]:
        """All parts of the combination, itself the last."""
        return (*(self.before.chain if self.before else ()), self)

    @property
    def makes_weights(self) -> bool:
        """Whether its images are of other weights than the model's."""
        return self.before is not None or isinstance(self.method, Prepared)

    @property
    def plan(self) -> Plan:
        """How it makes images."""
        from sdd_bench.diffusion.denoising import Plan

        return Plan(method=self.method, concepts=self.concepts)


def choose(name: str, request: Options, plugins: Registry) -> SelectedMethod:
    """The method or combination of that name with what it is to remove. Raises InputError."""
    named = [(part, plugins.method(part.name)) for part in combination.parts(name)]
    if len(named) > 1:
        combination.check(name, named)
        if request.checkpoint is not None:
            last = named[-1][0].name
            raise InputError(
                f"'{name}' makes its own weights: with a checkpoint give '{last}' alone"
            )
    chosen, title = None, ""
    for part, method in named:
        chosen = _chosen(part, method, request, chosen, title)
        title = f"{chosen.name}{part.given}+"
    assert chosen is not None  # there is no name without a part
    return chosen


def _chosen(
    part: Part, method: Method, request: Options, before: SelectedMethod | None, title: str
) -> SelectedMethod:
    """One part, on the weights of those `before`, whose `title` comes before its name."""
    name = part.name
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
        label = registry.label(name)
        return SelectedMethod(name=label, part=label, method=method, concepts=(), parameters={})
    if before is not None:
        made = {"method": before.part, "parameters": before.parameters, "concepts": before.concepts}
        own[ON_WEIGHTS_OF] = made
    return SelectedMethod(
        name=f"{title}{combination.label(label)}" if title else label,
        part=label,
        method=method,
        concepts=_concepts(part, method, request),
        parameters=own,
        before=before,
    )


def _concepts(part: Part, method: Method, request: Options) -> tuple[str, ...]:
    """What a method removes: what is asked for, or its own in the words of the model."""
    if not method.concepts:
        if part.concepts:
            raise InputError(f"'{part.name}{part.given}': '{part.name}' removes nothing")
        return ()
    check_concepts(part.concepts)
    of_model = models.find(request.model).concepts.get(part.name, method.concepts)
    return part.concepts or request.concepts or of_model


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
