"""What is kept of a run: rounded, and without values that there are none of."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from sdd_bench.gating import baseline, checks
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.outcome import PROMPTS
from sdd_bench.runs.lookup import find
from support.gating import RATE, entry, failed, one, store_table, table

# --- unchanged --------------------------------------------------------------------------------


def test_scores_that_differ_in_their_last_digits_pass(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    def tremble(scores: pd.DataFrame) -> pd.DataFrame:
        rng = np.random.default_rng(0)
        for measure in ("nude/toy", "clip/toy"):
            scores[measure] *= 1 + 1e-6 * rng.standard_normal(len(scores))
        return scores.assign(image_hash="other")

    found = checks.judge([base], [now(tremble)], strict=True)
    assert failed(found) == {}
    assert one(found, PROMPTS).reason.startswith("pictures of 25 of 25 prompts differ")


# --- files ------------------------------------------------------------------------------------


def test_values_that_there_are_none_of_are_not_kept(tmp_path: Path) -> None:
    scores = table().assign(**{"clip/toy": math.nan})
    path = tmp_path / "baseline.json"
    baseline.write(path, [entry(store_table(tmp_path, scores))])
    (found,) = baseline.read(path)
    assert sorted(found.recorded) == ["fid/toy", RATE.name]
    assert failed(checks.judge([found], [entry(find(tmp_path)[0])], strict=True)) == {}
