"""Which metric definitions a run is scored with, and which are shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sdd_bench import models, registry
from sdd_bench.types import Definition, Metric, ModelSpec, Suite

if TYPE_CHECKING:
    from sdd_bench.runs.run import Run

Measurements: TypeAlias = Mapping[str, tuple[Definition, Metric]]


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
        world = models.judged_as(run.spec.model)
        return [item for item, _ in measurements(names, world, suite).values()]
    measures, sets = run.measures(), run.sets()
    return [
        item
        for item, _ in registry.definitions().values()
        if item.measure in measures or item.name in sets
    ]
