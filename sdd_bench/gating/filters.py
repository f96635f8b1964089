"""Parts of a baseline, by filters."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError

if TYPE_CHECKING:
    from .baseline import BaselineRun

FILTERS = ("model", "suite", "method", "definition")
"""The keys that a filter can name."""


def only(entries: Iterable[BaselineRun], filters: Sequence[str]) -> list[BaselineRun]:
    """The entries and their definitions that match `key=pattern` filters, of the keys in FILTERS.

    Patterns of one key are alternatives, of several keys all have to match. Raises InputError for
    another key.
    """
    patterns: dict[str, list[str]] = {}
    for filter_ in filters:
        key, equals, pattern = filter_.partition("=")
        if not equals or key not in FILTERS:
            raise InputError(
                f"cannot filter by '{filter_}': give {', '.join(FILTERS)} with a name or pattern, "
                "such as suite=country_body or definition='nude/*'"
            )
        patterns.setdefault(key, []).append(pattern)

    def matches(key: str, text: str) -> bool:
        return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns.get(key, ["*"]))

    matching = []
    for run in entries:
        if all(matches(key, str(run.identity[key])) for key in FILTERS if key != "definition"):
            kept = {name: i for name, i in run.recorded.items() if matches("definition", name)}
            if kept:
                matching.append(replace(run, recorded=kept))
    return matching


def updated(
    kept: Sequence[BaselineRun], now: Sequence[BaselineRun], filters: Sequence[str]
) -> list[BaselineRun]:
    """The content of a baseline after an update: `now`, and what the filters leave out of `kept`.

    Raises InputError for a filter by definition: a run's values are of the same images, so they
    are renewed together.
    """
    if any(filter_.startswith("definition=") for filter_ in filters):
        raise InputError("--update renews all values of a run: filter by model, suite or method")
    replaced = {run.order for run in only(kept, filters)}
    others = [run for run in kept if run.order not in replaced]
    return others + [run for run in (each.measured() for each in now) if run.recorded]
