"""Which metric definitions a run is scored with, and which are shown of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sdd_bench import models
from sdd_bench.registry import Registry
from sdd_bench.types import Definition, Metric, ModelSpec

if TYPE_CHECKING:
    from sdd_bench.runs.run import Run

Measurements: TypeAlias = Mapping[str, tuple[Definition, Metric]]
"""Definitions by name, each with the metric that measures it."""


def measurements(
    names: Sequence[str], spec: ModelSpec, families: Collection[str], plugins: Registry
) -> Measurements:
    """The definitions asked for; without any, those of the model of the `families` of a suite
    (none: of all but its further ones).
    """
    own = (*spec.definitions, *spec.further)
    if not names:
        return {
            name: measurement
            for name, measurement in plugins.select(own if families else spec.definitions).items()
            if not families or measurement[0].family in families
        }
    metrics = plugins.metrics()
    selected: list[str] = []
    for name in names:
        of_file = [item.name for metric in metrics.get(name, ()) for item in metric.definitions]
        selected += [item for item in of_file if item in own] or of_file or [name]
    return plugins.select(selected)


def definitions_of(run: Run, plugins: Registry, names: Sequence[str] = ()) -> list[Definition]:
    """The definitions to show of a run: those named, else all that it has values of."""
    if names:
        spec = models.judged_as(run.spec.model)
        return [item for item, _ in measurements(names, spec, (), plugins).values()]
    measures, sets = run.measures(), run.sets()
    return [
        item
        for item, _ in plugins.definitions().values()
        if item.measure in measures or item.name in sets
    ]
