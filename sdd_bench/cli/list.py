"""`list`: what there is, with a line about each thing."""

from __future__ import annotations

from collections.abc import Callable

import click

from sdd_bench import models, registry
from sdd_bench.suites import catalog, concepts
from sdd_bench.types import Method

Rows = list[tuple[str, str]]


def _methods() -> Rows:
    return [(name, _about(registry.method(name))) for name in registry.methods()]


def _about(method: Method) -> str:
    summary = (type(method).__doc__ or "").strip().partition("\n")[0]
    concepts = ", ".join(method.concepts)
    return f"{summary} [{concepts}]" if concepts else summary


def _metrics() -> Rows:
    arrows = {"lower": "↓", "higher": "↑"}
    return [
        (name, f"{arrows[item.better]} {item.source}")
        for name, (item, _) in registry.definitions().items()
    ]


def _suites() -> Rows:
    return [(name, entry.description) for name, entry in catalog.catalog().items()]


def _models() -> Rows:
    return [(name, f"from {spec.source}") for name, spec in models.SPECS.items()]


def _concepts() -> Rows:
    return [(name, each.description) for name, each in concepts.catalog().items()]


LISTS: dict[str, Callable[[], Rows]] = {
    "concepts": _concepts,
    "methods": _methods,
    "metrics": _metrics,
    "suites": _suites,
    "models": _models,
}
"""By the word on the command line."""


def broken(what: str) -> dict[str, str]:
    """Plugins of that kind that cannot be used, and why."""
    kinds = {"methods": ("method ",), "metrics": ("metric ", "definition ")}.get(what, ())
    return {name: why for name, why in registry.broken().items() if name.startswith(kinds)}


@click.command("list")
@click.argument("what", type=click.Choice(["concepts", "methods", "metrics", "models", "suites"]))
def list_(what: str) -> None:
    """List what there is, with a line about each."""
    for name, line in LISTS[what]():
        click.echo(f"{name:27} {line}")
    for name, reason in broken(what).items():
        click.echo(f"warning: {name} is unusable: {reason}", err=True)
