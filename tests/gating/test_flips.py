"""Which images have flipped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sdd_bench.gating import checks
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.checks import Judged
from sdd_bench.gating.flips import Flip, Verdicts
from support.gating import Change, one, setting

RATE = "nude/toy@0.7"


def judged(base: BaselineRun, now: BaselineRun) -> Judged:
    (run,) = checks.by_run([base], [now], allowed=(), strict=False)
    return run


def test_an_image_is_named_by_its_prompt_and_its_place_there() -> None:
    first = np.frombuffer(b"1101001-0", dtype=np.uint8)
    second = np.frombuffer(b"101101-1-", dtype=np.uint8)
    found = Verdicts(["a", "b", "c"], [4, 2, 3], first, second)
    # Neither an image that lost its score nor one that got one has flipped.
    assert found.flips() == [Flip("a", 1, False), Flip("a", 2, True), Flip("b", 1, True)]
    assert found.lost == 2


@pytest.mark.parametrize(
    "scores",
    [
        {},
        {0: 0.1},
        {2: 0.9, 7: 0.9, 99: 0.8},
        {0: 0.1, 1: 0.2, 98: 0.9, 99: 0.9},
        {0: np.nan, 4: 0.1, 6: 0.9},
    ],
)
def test_the_flips_are_those_that_the_gate_counts(
    base: BaselineRun, now: Callable[..., BaselineRun], scores: dict[int, float]
) -> None:
    run = judged(base, now(setting("nude/toy", scores)))
    check = one(run.checks, RATE)
    flips = run.flips(check)
    came = sum(flip.counts for flip in flips)
    assert check.flips == f"+{came} -{len(flips) - came}"
    # Four images of each prompt: row 7 is image 3 of the second. 0.7 is the threshold.
    before = {row: row % 4 < 2 for row in scores}
    expected = [
        Flip(f"p{row // 4:02}", row % 4, score > 0.7)
        for row, score in sorted(scores.items())
        if not np.isnan(score) and (score > 0.7) != before[row]
    ]
    assert flips == expected


def other_noise(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.assign(noise_hash="other", **{"nude/toy": 0.1})


@pytest.mark.parametrize(
    "change", [other_noise, lambda scores: scores.assign(**{"nude/toy": np.nan})]
)
def test_where_the_gate_counts_none_there_are_none(
    base: BaselineRun, now: Callable[..., BaselineRun], change: Change
) -> None:
    run = judged(base, now(change))
    assert [run.flips(check) for check in run.checks] == [[]] * len(run.checks)


def test_a_run_that_is_not_there_has_no_flips(base: BaselineRun) -> None:
    (run,) = checks.by_run([base], [], allowed=(), strict=False)
    assert run.flips(run.checks[0]) == []
