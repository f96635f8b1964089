"""Runs of now and their baselines: which belong together, and what has changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sdd_bench.gating import checks, matching
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.outcome import IDENTITY
from sdd_bench.types import Settings
from support.gating import failed, one


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [
        ("weights", {"model_hash": "b" * 64}, "other model weights (aaaaaaaa → bbbbbbbb)"),
        ("weights", {"checkpoint": "c" * 64}, "other fine-tuned weights (none → cccccccc)"),
        ("parameters", {"parameters": {"a": 1}}, "other parameters of the method (none → a 1)"),
        (
            "parameters",
            {"parameters": {"a": 1, "b": None}},
            "other parameters of the method (none → a 1, b none)",
        ),
        ("settings", {"settings": Settings(steps=50)}, "other number of steps (25 → 50)"),
        ("seeds", {"settings": Settings(seed=43)}, "other run seed (42 → 43)"),
        ("prompts", {"suite_hash": "2"}, "other prompts in the suite (1 → 2)"),
        ("numerics", {"numerics": "cuda"}, "other arithmetic (cpu-float32 → cuda)"),
    ],
)
def test_another_identity(
    base: BaselineRun,
    now: Callable[..., BaselineRun],
    part: str,
    changes: dict[str, object],
    words: str,
) -> None:
    other = now(**changes)
    found = checks.judge([base], [other])
    assert failed(found) == {IDENTITY: "other identity"}
    assert one(found, IDENTITY).reason == f"{words}. If that is meant: --allow {part}"
    allowed = checks.judge([base], [other], allowed=[part])
    assert failed(allowed) == {}
    assert one(allowed, IDENTITY).reason == words


def test_the_run_that_has_changed_least_is_the_one(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    far = now(model_hash="b" * 64, settings=Settings(steps=50))
    near = now(settings=Settings(steps=50))
    assert matching.pairs([base], [far, near]) == [(base, near)]
    assert matching.pairs([base], [far, near, same := now()]) == [(base, same)]
