"""Whether what a place holds can be used: loaded, and held against the interfaces."""

from __future__ import annotations

import math
from dataclasses import is_dataclass

from sdd_bench.errors import InputError
from sdd_bench.progress import watch
from sdd_bench.types import (
    AnyAttack,
    Attack,
    AttackOnMethod,
    Definition,
    Edited,
    ImageMetric,
    Method,
    Metric,
    PairMetric,
    SetMetric,
    Trained,
)

from .calls import settings_kept
from .places import AbsentError, Source


def load(source: Source) -> object:
    """What a source holds, classes already called. Raises InputError whatever goes wrong."""
    try:
        with settings_kept(), watch.bounded(f"loading {source.owner}"):
            return _instance(source.read())
    except (watch.OverdueError, KeyboardInterrupt, AbsentError):
        raise
    except BaseException as error:
        raise unusable(source, f"{type(error).__name__}: {error}") from error


def as_method(source: Source) -> Method:
    """The source's one method."""
    return checked_method(load(source), source)


def as_metrics(source: Source) -> tuple[Metric, ...]:
    """The source's metrics: one, or a tuple of them; none of an optional one that is not there."""
    found = load(source)
    if found is None and source.optional:
        return ()
    items = found if isinstance(found, tuple) else (found,)
    if not items:
        raise unusable(source, "it holds no metric")
    return tuple(_checked_metric(item, source) for item in items)


def as_attack(source: Source) -> AnyAttack:
    """The source's one attack. Raises InputError for anything else."""
    plugin = load(source)
    name, recorded = type(plugin).__name__, is_dataclass(plugin)
    if not isinstance(plugin, (Attack, AttackOnMethod)):
        search = "find_against" if hasattr(plugin, "find_against") else "find"
        lacking = [part for part in (search, "recipes") if not hasattr(plugin, part)]
        raise unusable(source, f"{name} is no attack, it lacks {' and '.join(lacking)}")
    if not recorded:
        raise unusable(source, f"{name} has a budget that nothing records: make it a dataclass")
    return plugin


def unusable(source: Source, cause: str) -> InputError:
    """The error for a plugin that doesn't work."""
    return InputError(f"{source.owner} cannot be used: {cause}")


def _instance(plugin: object) -> object:
    """An object for a class, also for each one in a tuple."""
    if isinstance(plugin, tuple):
        return tuple(_instance(item) for item in plugin)
    return plugin() if isinstance(plugin, type) else plugin


# --- checks -----------------------------------------------------------------------------------


_PREPARED = (
    ("loss", ("recipes", "optimisation"), Trained),
    ("edit", ("recipes",), Edited),
)
"""What makes a method's weights, what it needs beside it, and what it is then."""


def checked_method(plugin: object, source: Source) -> Method:
    """`plugin`, if it can be used as a method; raises InputError otherwise."""
    name = type(plugin).__name__
    if not isinstance(plugin, Method):
        parts = ("concepts", "branches", "guide")
        lacking = [part for part in parts if not hasattr(plugin, part)]
        raise unusable(source, f"{name} is no method, it lacks {' and '.join(lacking)}")
    for work, needed, kind in _PREPARED:
        # It would run on the model's own weights, under the name of a method that removes.
        if hasattr(plugin, work) and not isinstance(plugin, kind):
            lacking = [part for part in needed if not hasattr(plugin, part)]
            raise unusable(source, f"{name} has `{work}`, but it lacks {' and '.join(lacking)}")
    if getattr(plugin, "__dict__", None) and not is_dataclass(plugin):
        raise unusable(
            source, f"{name} has parameters that no image would record: make it a frozen dataclass"
        )
    return plugin


def _checked_metric(plugin: object, source: Source) -> Metric:
    name = type(plugin).__name__
    kinds = [isinstance(plugin, kind) for kind in (ImageMetric, PairMetric, SetMetric)]
    if not isinstance(plugin, Metric) or sum(kinds) != 1:
        raise unusable(
            source,
            f"{name} is no metric, it needs `definitions` and either `score`, or `compare`, "
            "or `features` and `distance`",
        )
    found = plugin.definitions
    if not found or not all(isinstance(item, Definition) for item in found):
        raise unusable(source, f"the definitions of {name} must be at least one Definition")
    if len({item.measure for item in found}) > 1:
        raise unusable(source, f"the definitions of {name} must share one raw score")
    for item in found:
        if not item.name or not item.name.isprintable() or " " in item.name:
            raise unusable(
                source,
                f"{item.name!r} is no name of a definition: give family/instrument, without blanks",
            )
        if not _named_by_threshold(item):
            raise unusable(source, f"'{item.name}' must end in its threshold, {item.threshold}")
        if not 0 <= item.tolerance < math.inf:
            raise unusable(
                source,
                f"the tolerance of '{item.name}' must be 0 or more and finite, "
                f"not {item.tolerance}",
            )
    return plugin


def _named_by_threshold(item: Definition) -> bool:
    """Whether the name and the field agree about the threshold."""
    _, at, text = item.name.partition("@")
    if item.threshold is None or (item.reads and not at):
        return not at
    try:
        return float(text) == item.threshold
    except ValueError:
        return False
