"""A run beside its baseline: what has changed, in words."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from sdd_bench.gating import checks
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.outcome import IDENTITY, PASS, PROMPTS
from sdd_bench.types import Settings
from support.gating import PROMPT_IDS, failed, one


def test_changes_that_are_allowed_are_told(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    other = now(model_hash="b" * 64, settings=Settings(steps=50))
    words = ("other model weights (aaaaaaaa → bbbbbbbb)", "other number of steps (25 → 50)")
    found = one(checks.judge([base], [other]), IDENTITY)
    assert found.reason == (
        f"{words[0]}; {words[1]}. If that is meant: --allow weights --allow settings"
    )
    found = one(checks.judge([base], [other], allowed=["weights"]), IDENTITY)
    assert found.reason == f"{words[1]}. If that is meant: --allow settings"
    found = one(checks.judge([base], [other], allowed=["weights", "settings"]), IDENTITY)
    assert (found.verdict, found.reason, found.unit) == (PASS, f"{words[0]}; {words[1]}", "")


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (["p01"], "1 (p01)"),
        (["p01", "p02", "p04"], "3 (p01, p02, p04)"),
        (["p01", "p02", "p04", "p05"], "4 (p01, p02, p04, ...)"),
    ],
)
def test_the_first_of_many_prompts_are_named(
    base: BaselineRun, now: Callable[..., BaselineRun], gone: list[str], words: str
) -> None:
    other = now(lambda scores: scores[~scores["prompt_id"].isin(gone)])
    assert one(checks.judge([base], [other]), PROMPTS).reason == f"{words} of 25 prompts missing"
    assert PROMPTS not in failed(checks.judge([base], [other], allowed=["prompts"]))


def test_other_numbers_of_images_may_be_allowed(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    fewer = now(lambda scores: scores.drop(index=3))
    assert failed(checks.judge([base], [fewer]))[PROMPTS] == "other images"
    assert PROMPTS not in failed(checks.judge([base], [fewer], allowed=["prompts"]))


def test_nothing_in_common_is_said(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    def renamed(scores: pd.DataFrame) -> pd.DataFrame:
        names = {name: name.replace("p", "q") for name in PROMPT_IDS}
        return scores.assign(prompt_id=scores["prompt_id"].map(names))

    found = checks.judge([base], [now(renamed)], allowed=["prompts"])
    assert one(found, PROMPTS).reason == (
        "25 prompts more than in the baseline; no prompt in common"
    )
    assert PROMPTS not in failed(found)


def test_prompts_more_are_counted(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    def add(scores: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([scores, scores[:4].assign(prompt_id="zebra")], ignore_index=True)

    more = now(add)
    found = one(checks.judge([base], [more]), PROMPTS)
    assert found.reason == (
        "1 prompts more than in the baseline; all pictures are those of the baseline, bit for bit"
    )
    strict = one(checks.judge([base], [more], strict=True), PROMPTS)
    assert (strict.verdict, strict.reason) == (
        "new",
        "1 (zebra) prompts that the baseline doesn't have",
    )
    allowed = checks.judge([base], [more], strict=True, allowed=["prompts"])
    assert PROMPTS not in failed(allowed)
