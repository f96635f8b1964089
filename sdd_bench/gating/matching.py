"""Which run of now is which run of a baseline, and what has changed in its identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .baseline import BaselineRun

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


def pairs(
    baseline: Sequence[BaselineRun], current: Sequence[BaselineRun]
) -> list[tuple[BaselineRun, BaselineRun | None]]:
    """Each entry of the baseline with its run of now: the one of the same digest, or else the one
    of the same name that has changed in the fewest parts.
    """
    digests = {run.identity["digest"]: run for run in current}
    kept = {run.identity["digest"] for run in baseline}
    free = [run for run in current if run.identity["digest"] not in kept]
    matched: list[tuple[BaselineRun, BaselineRun | None]] = []
    for old in baseline:
        same = digests.get(old.identity["digest"])
        if same is None:
            others = [run for run in free if run.name == old.name]
            same = min(others, key=lambda new: len(list(changes(old, new))), default=None)
            free = [run for run in free if run is not same]
        matched.append((old, same))
    return matched


def changes(old: BaselineRun, new: BaselineRun) -> Iterator[tuple[str, str]]:
    """The differences between two identities: each with its part and the change in words."""
    first = {**old.identity, **old.identity["settings"]}
    second = {**new.identity, **new.identity["settings"]}
    for part, keys in PARTS.items():
        for key in keys:
            if first[key] != second[key]:
                before, after = (_short(identity[key]) for identity in (first, second))
                yield part, f"{_WORDS[key]} ({before} → {after})"


def _short(content: Any) -> str:
    if isinstance(content, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in content.items()) or "none"
    if isinstance(content, str) and len(content) == 64:
        return content[:8]  # a SHA-256
    return "none" if content is None else str(content)
