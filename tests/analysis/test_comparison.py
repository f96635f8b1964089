"""Two methods on the same images."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.analysis import comparison
from sdd_bench.analysis.comparison import Contrast
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Settings
from support.runs import NUDE, SAFE, store

RATE, MEAN, SET = "nude/miniature@0.7", "clip/miniature", "fid/miniature"


def table(one: Run, other: Run) -> dict[str, Contrast]:
    return {row.definition: row for row in comparison.frame([(one, other)], registry.scan())}


def test_a_rate_by_hand(tmp_path: Path) -> None:
    first, second = store(tmp_path, "sd-neg", SAFE), store(tmp_path, "sd", NUDE)
    row = table(first, second)[RATE]
    assert (row.first_value, row.second_value, row.difference) == (20.0, 100.0, -80.0)
    assert (row.only_first, row.only_second, row.pairs, row.alone) == (0, 16, 20, 0)
    assert row.mcnemar == pytest.approx(2 * 0.5**16)
    # Of ten prompts eight differ by 100 points and two by none: t = -80 / (42.16 / sqrt(10)) = -6,
    # on nine degrees of freedom. Half-widths: 2.262157 x 13.333.
    assert (row.low, row.high) == pytest.approx((-80 - 30.162, -80 + 30.162), abs=1e-3)
    assert row.p == pytest.approx(0.000202, abs=1e-6)
    assert row.verdict == "better"
    assert row.sentence == (
        "body, nude/miniature@0.7: sd-neg is better than sd "
        "(-80 points [-110, -49.8], p = 0.0002 after Holm)"
    )


def test_exchanging_the_methods_changes_signs_only(tmp_path: Path) -> None:
    scores = {"clip/miniature": np.random.default_rng(0).normal(0.3, 0.05, 20).tolist()}
    first, second = store(tmp_path, "a", SAFE | scores), store(tmp_path, "b", {**NUDE, **scores})
    second.write_scores(second.scores().assign(**{"clip/miniature": 0.29}))
    there, back = table(first, second), table(second, first)
    for name in (RATE, MEAN):
        one, other = there[name], back[name]
        assert (one.difference, one.low, one.high) == (-other.difference, -other.high, -other.low)
        assert (one.p, one.adjusted) == (other.p, other.adjusted)
        assert (one.only_first, one.only_second) == (other.only_second, other.only_first)
    assert (there[RATE].verdict, back[RATE].verdict) == ("better", "worse")


def test_equal_methods_are_not_separated(tmp_path: Path) -> None:
    row = table(store(tmp_path, "a", SAFE), store(tmp_path, "b", SAFE))[RATE]
    assert (row.difference, row.mcnemar, row.p, row.verdict) == (0.0, 1.0, 1.0, "not separated")
    # No image of ten prompts differs: 1 - 0.05^(1/10) bounds the difference on either side.
    assert (row.low, row.high) == pytest.approx((-25.887, 25.887), abs=1e-3)


def test_a_higher_score_is_better_where_it_should_be(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    low, high = (rng.normal(mean, 0.01, 20).tolist() for mean in (0.2, 0.3))
    rows = table(
        store(tmp_path, "a", {"clip/miniature": high}),
        store(tmp_path, "b", {"clip/miniature": low}),
    )
    assert rows[MEAN].verdict == "better"
    assert rows[MEAN].only_first is None


def test_images_without_a_partner_are_counted(tmp_path: Path) -> None:
    first, second = store(tmp_path, "a", SAFE), store(tmp_path, "b", NUDE)
    scores = second.scores()
    scores.loc[0, "nude/miniature"] = math.nan
    scores.loc[1, "noise_hash"] = "other"
    second.write_scores(scores.drop(index=[2, 3]))
    row = table(first, second)[RATE]
    # 20 and 18 images, in 16 pairs: four and two of them stand alone.
    assert (row.pairs, row.alone) == (16, 6)
    assert row.first_value == 25.0


def test_holm_over_the_table(tmp_path: Path) -> None:
    suites = [
        (
            store(tmp_path, "a", {"nude/miniature": [0.1] * n + [0.9] * (20 - n)}, suite=f"s{n}"),
            store(tmp_path, "b", NUDE, suite=f"s{n}"),
        )
        for n in (2, 8, 16)
    ]
    rows = comparison.frame(suites, registry.scan())
    # Holm, 1979: the smallest p times 3, the next times 2, the last as it is, never decreasing.
    by_p = sorted(rows, key=lambda row: row.p)
    expected = np.maximum.accumulate([row.p * m for row, m in zip(by_p, (3, 2, 1), strict=True)])
    assert [row.adjusted for row in by_p] == pytest.approx(np.minimum(expected, 1).tolist())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": Settings(seed=43), "noise": "m"}, "unpaired: run seeds 43 and 42"),
        ({"parameters": {"imported": "x"}, "noise": ""}, "unpaired: the noise of imported images"),
        ({"noise": "m"}, "unpaired: no two images start from the same noise"),
    ],
)
def test_without_pairs(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    first = store(tmp_path, "a", SAFE, **changes)  # type: ignore[arg-type]
    row = table(first, store(tmp_path, "b", NUDE))[RATE]
    assert row.how.startswith(words)
    assert (row.pairs, row.alone, row.only_first) == (0, 40, None)
    assert row.difference == -80.0
    assert -100 < row.low < -80 < row.high < 0
    assert row.verdict == "better"


def test_distances_of_sets(tmp_path: Path) -> None:
    def fid(value: float, half: float) -> dict[str, SetValue]:
        return {SET: SetValue(value=value, low=value - half, high=value + half, n=20)}

    first = store(tmp_path, "a", SAFE, sets=fid(30.0, 3.0))
    row = table(first, store(tmp_path, "b", NUDE, sets=fid(40.0, 4.0)))[SET]
    # 3 and 4 squared and added are 5, that is 1.96 standard errors: z = 10 / 5 x 1.96 = 3.92.
    assert (row.difference, row.low, row.high) == (-10.0, -15.0, -5.0)
    assert row.p == pytest.approx(8.86e-5, rel=1e-3)
    close = table(first, store(tmp_path, "c", NUDE, sets=fid(33.0, 4.0)))[SET]
    assert close.verdict == "not separated"


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    reason = {"lpips/miniature": SetValue(value=math.nan, low=math.nan, high=math.nan, n=0)}
    lpips = {"lpips/miniature": [0.5] * 20}
    baseline = store(tmp_path, "sd", SAFE, sets={k: _because(v) for k, v in reason.items()})
    row = table(store(tmp_path, "a", SAFE | lpips), baseline)["lpips/miniature"]
    assert row.verdict == "is the baseline"
    assert math.isnan(row.adjusted)


def _because(value: SetValue) -> SetValue:
    return SetValue(value=value.value, low=math.nan, high=math.nan, n=0, reason="is the baseline")
