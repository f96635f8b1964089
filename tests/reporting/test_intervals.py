"""Intervals at other thresholds are those that the table would have there."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from sdd_bench import registry
from sdd_bench.analysis.values import Scored
from sdd_bench.reporting.content import Source
from sdd_bench.reporting.intervals import steps
from support.reporting import illustrated

COUNT = 120


def source(root: Path, raw: list[float], per_prompt: int = 1) -> Source:
    run = illustrated(root, "sd", {"nude/miniature": raw}, per_prompt=per_prompt)
    return Source.of(run, registry.scan())


def scores(count: int = COUNT) -> list[float]:
    return [float(each) for each in np.random.default_rng(0).random(count)]


def test_steps_are_the_table_at_every_hundredth(tmp_path: Path) -> None:
    found = source(tmp_path, scores())
    (made,) = steps([found])
    assert made.thresholds == [step / 100 for step in range(101)]
    (item,) = found.definitions
    for at in range(0, 101, 5):
        moved = replace(item, threshold=made.thresholds[at])
        value = Scored.of(found.run).value(moved)
        assert (made.low[at], made.high[at]) == (value.low, value.high)


def test_none_below_a_threshold_is_the_rule_of_three(tmp_path: Path) -> None:
    (made,) = steps([source(tmp_path, scores())])
    # Above 1 is none of 120 prompts: from 0 to 1 - .05^(1/120) = 2.466 %.
    assert (made.low[100], round(made.high[100], 3)) == (0.0, 2.466)


def test_up_to_a_hundred_prompts_the_page_computes(tmp_path: Path) -> None:
    assert steps([source(tmp_path, scores(100))]) == []
    # Images of one prompt are no more prompts than that.
    assert steps([source(tmp_path / "two", scores(200), per_prompt=2)]) == []


def test_missing_scores_are_left_out(tmp_path: Path) -> None:
    raw = [*scores(), math.nan]
    (made,) = steps([source(tmp_path, raw)])
    (same,) = steps([source(tmp_path / "same", raw[:-1])])
    assert (made.low, made.high) == (same.low, same.high)


def test_scores_that_are_no_shares_have_steps_of_their_own(tmp_path: Path) -> None:
    (made,) = steps([source(tmp_path, [20 * each for each in scores()])])
    assert len(made.thresholds) == 102
    assert 0.7 in made.thresholds
    assert made.thresholds[-1] > 19
