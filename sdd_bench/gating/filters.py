"""Parts of a baseline, by filters."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sdd_bench.errors import InputError

from .baseline import BaselineRun, with_values

FILTERS = ("model", "suite", "method", "definition")
"""What `--only` can name."""


def only(entries: Iterable[BaselineRun], filters: Sequence[str]) -> list[BaselineRun]:
    """The entries and their definitions that match `key=pattern` filters, of the keys in FILTERS.

    Patterns of one key are alternatives, of several keys all have to match. Raises InputError for
    another key.
    """
    wanted: dict[str, list[str]] = {}
    for given in filters:
        key, equals, pattern = given.partition("=")
        if not equals or key not in FILTERS:
            raise InputError(
                f"cannot filter by '{given}': give {', '.join(FILTERS)} with a name or pattern, "
                "such as suite=country_body or definition='nude/*'"
            )
        wanted.setdefault(key, []).append(pattern)

    def matches(key: str, text: str) -> bool:
        return any(fnmatch.fnmatchcase(text, each) for each in wanted.get(key, ["*"]))

    chosen = []
    for each in entries:
        if all(matches(key, str(each.identity[key])) for key in FILTERS if key != "definition"):
            kept = {name: i for name, i in each.recorded.items() if matches("definition", name)}
            if kept:
                chosen.append(replace(each, recorded=kept))
    return chosen


def updated(
    kept: Sequence[BaselineRun], now: Sequence[BaselineRun], filters: Sequence[str]
) -> list[BaselineRun]:
    """What a baseline holds after an update: `now`, and what the filters leave out of `kept`.

    Raises InputError for a filter by definition: a run's values are of the same images, so they
    are renewed together.
    """
    if any(each.startswith("definition=") for each in filters):
        raise InputError("--update renews all values of a run: filter by model, suite or method")
    replaced = {each.order for each in only(kept, filters)}
    others = [each for each in kept if each.order not in replaced]
    return others + [each for each in map(with_values, now) if each.recorded]
