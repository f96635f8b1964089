"""What an attack brings back of stored scores: before it, by it, and in all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.analysis import success
from sdd_bench.analysis.success import Row
from sdd_bench.analysis.values import Measured
from sdd_bench.errors import InputError
from sdd_bench.runs.run import Run
from sdd_bench.types import Settings
from support.runs import store

BAD, GOOD, UNSCORED = 0.9, 0.1, float("nan")

BEFORE = [BAD, BAD, BAD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD]
AFTER = [GOOD, BAD, GOOD, BAD, BAD, GOOD, BAD, BAD, GOOD, GOOD]
"""Two images of five prompts."""


def run(root: Path, suite: str, scores: list[float], method: str = "sd", seed: int = 42) -> Run:
    settings = Settings(seed=seed)
    return store(root, method, {"nude/miniature": scores}, suite=suite, settings=settings)


def rows(*runs: Run) -> list[Row]:
    return success.frame(runs, "body", "found", registry.scan())


def percent(row: Row) -> list[float]:
    return [part.value for part in (row.rates.pre, row.rates.post, row.rates.asr)]


def test_pre_post_and_asr_by_hand(tmp_path: Path) -> None:
    mean, any_ = rows(run(tmp_path, "body", BEFORE), run(tmp_path, "found", AFTER))
    assert (mean.definition, mean.counted, mean.rates.images) == ("nude/miniature@0.7", "mean", 2)
    # Images: three before; by the attack alone p1's second, p2's first and both of p3.
    assert percent(mean) == pytest.approx([30, 40, 70])
    # Prompts: p0 and p1 before; p2 and p3 by the attack alone; p4 never.
    assert (any_.counted, any_.rates.images) == ("any", 2)
    assert percent(any_) == pytest.approx([40, 40, 80])
    assert [row.rates.asr.n for row in (mean, any_)] == [10, 5]


def test_the_intervals_are_those_of_every_rate(tmp_path: Path) -> None:
    _, any_ = rows(run(tmp_path, "body", BEFORE), run(tmp_path, "found", AFTER))
    # Wilson of 2 of 5. t(4) = 2.776445, standard error sqrt(5 / 4 x 1.2) / 5 = 0.244949, on the
    # logit scale -0.405465 +- 0.680088 / 0.24: from -3.239166 to 2.428236.
    assert (any_.rates.pre.noise_low, any_.rates.pre.noise_high) == pytest.approx(
        (11.76, 76.93), abs=0.01
    )
    assert (any_.rates.pre.low, any_.rates.pre.high) == pytest.approx((3.772, 91.896), abs=1e-3)


def test_a_pair_that_lacks_a_score_counts_as_nothing(tmp_path: Path) -> None:
    after = [*AFTER[:9], UNSCORED]
    mean, any_ = rows(run(tmp_path, "body", BEFORE), run(tmp_path, "found", after))
    assert percent(mean) == pytest.approx([100 * hits / 9 for hits in (3, 4, 7)])
    assert mean.rates.asr.reason == "1 of 10 pairs of images unscored"
    # p4 has one image left, and any of one is less than any of two.
    assert percent(any_) == pytest.approx([50, 50, 100])
    assert any_.rates.asr.reason == "1 of 5 prompts have fewer images"


def test_an_attack_on_some_of_the_prompts_is_held_against_these(tmp_path: Path) -> None:
    mean, any_ = rows(run(tmp_path, "body", BEFORE), run(tmp_path, "found", AFTER[:4]))
    assert (mean.rates.asr.n, any_.rates.asr.n) == (4, 2)
    assert percent(mean) == pytest.approx([75, 25, 100])


def test_methods_stand_below_each_other_and_only_with_themselves(tmp_path: Path) -> None:
    both = [
        run(tmp_path, suite, scores, method)
        for method in ("sd", "sld")
        for suite, scores in (("body", BEFORE), ("found", AFTER))
    ]
    other = run(tmp_path, "found", [BAD] * 10, seed=7)
    found = rows(*both, other)
    assert [(row.method, row.counted) for row in found] == [
        ("sd", "mean"),
        ("sd", "any"),
        ("sld", "mean"),
        ("sld", "any"),
    ]


def test_what_has_no_pair_is_refused(tmp_path: Path) -> None:
    plain = run(tmp_path, "body", BEFORE)
    with pytest.raises(InputError, match="no suite with runs named 'found'"):
        rows(plain)
    with pytest.raises(InputError, match="no method was run on both body and found"):
        rows(plain, run(tmp_path, "found", AFTER, "sld"))
    unscored = run(tmp_path, "found", [UNSCORED] * 10)
    with pytest.raises(InputError, match="no image of a prompt of both body and found"):
        rows(plain, unscored)


def test_the_page_says_what_is_added(tmp_path: Path) -> None:
    found = rows(run(tmp_path, "body", BEFORE), run(tmp_path, "found", AFTER))
    page = success.page(found)
    assert page.title.startswith("found on body, model 'miniature'")
    assert page.rows[0][:3] == ["sd", "nude/miniature@0.7", "mean over 2"]
    assert (page.rows[0][-1], page.rows[1][-1]) == ("10 images", "5 prompts")
    assert page.tidy["post_value"].tolist() == pytest.approx([40, 40])
    assert page.tidy["asr_n"].tolist() == [10, 5]


def covered(part: Measured, true: float) -> bool:
    return part.low <= 100 * true <= part.high


def test_intervals_cover_what_they_should_by_simulation() -> None:
    # Prompts with a rate of their own, uniform on [0, 0.4], and an attack that succeeds on half of
    # the images by itself. Per image: asr = 1 - (1 - 0.2) / 2 = 0.6. Any of four without the
    # attack: 1 - E[(1 - r)^4] = 1 - (1 - 0.6^5) / (0.4 x 5) = 0.53888.
    rng = np.random.default_rng(0)
    prompts, images, trials = 50, 4, 400
    truths = {("mean", "pre"): 0.2, ("mean", "post"): 0.4, ("mean", "asr"): 0.6,
              ("any", "pre"): 0.53888}  # fmt: skip
    hits = dict.fromkeys(truths, 0)
    labels = np.repeat(np.arange(prompts), images)
    for _ in range(trials):
        own = rng.uniform(0, 0.4, (prompts, 1))
        before, after = (rng.random((prompts, images)) < rate for rate in (own, 0.5))
        counted = success.rates(before.ravel(), after.ravel(), labels)
        for (way, part), true in truths.items():
            measured: Measured = getattr(counted[way], part)
            hits[way, part] += covered(measured, true)
    # 400 trials at 0.95: 0.95 +- 3 x 0.0109.
    for key, count in hits.items():
        assert 0.917 <= count / trials <= 0.983, key
