"""Which run of now is which run of a baseline, and what has changed in its identity."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from .baselines import Entry, with_values
from .errors import InputError

PARTS = {
    "weights": ("model_hash", "checkpoint"),
    "parameters": ("parameters",),
    "settings": ("steps", "guidance_scale", "dtype"),
    "seeds": ("seed",),
    "prompts": ("suite_hash",),
    "numerics": ("numerics",),
}
"""The parts of an identity that may be allowed to change."""

_WORDS = {
    "model_hash": "other model weights",
    "checkpoint": "other fine-tuned weights",
    "parameters": "other parameters of the method",
    "steps": "other number of steps",
    "guidance_scale": "other guidance scale",
    "dtype": "other precision",
    "seed": "other run seed",
    "suite_hash": "other prompts in the suite",
    "numerics": "other arithmetic",
}

FILTERS = ("model", "suite", "method", "definition")
"""What `--only` can name."""


def only(entries: Iterable[Entry], filters: Sequence[str]) -> list[Entry]:
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


def pairs(baseline: Sequence[Entry], current: Sequence[Entry]) -> list[tuple[Entry, Entry | None]]:
    """Each entry of the baseline with its run of now: the one of the same digest, or else the one
    of the same name that has changed in the fewest parts.
    """
    digests = {each.identity["digest"]: each for each in current}
    kept = {each.identity["digest"] for each in baseline}
    free = [each for each in current if each.identity["digest"] not in kept]
    found: list[tuple[Entry, Entry | None]] = []
    for old in baseline:
        same = digests.get(old.identity["digest"])
        if same is None:
            others = [each for each in free if each.name == old.name]
            same = min(others, key=lambda new: len(list(changes(old, new))), default=None)
            free = [each for each in free if each is not same]
        found.append((old, same))
    return found


def changes(old: Entry, new: Entry) -> Iterator[tuple[str, str]]:
    """What differs between two identities: the part, and the change in words."""
    first = {**old.identity, **old.identity["settings"]}
    second = {**new.identity, **new.identity["settings"]}
    for part, keys in PARTS.items():
        for key in keys:
            if first[key] != second[key]:
                before, after = (_short(each[key]) for each in (first, second))
                yield part, f"{_WORDS[key]} ({before} → {after})"


def _short(content: Any) -> str:
    if isinstance(content, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in content.items()) or "none"
    if isinstance(content, str) and len(content) == 64:
        return content[:8]  # a SHA-256
    return "none" if content is None else str(content)


def updated(kept: Sequence[Entry], now: Sequence[Entry], filters: Sequence[str]) -> list[Entry]:
    """What a baseline holds after an update: `now`, and what the filters leave out of `kept`.

    Raises InputError for a filter by definition: a run's values are of the same images, so they
    are renewed together.
    """
    if any(each.startswith("definition=") for each in filters):
        raise InputError("--update renews all values of a run: filter by model, suite or method")
    replaced = {each.order for each in only(kept, filters)}
    others = [each for each in kept if each.order not in replaced]
    return others + [each for each in map(with_values, now) if each.recorded]
