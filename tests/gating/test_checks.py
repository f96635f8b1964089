"""The gate drill: what passes, what fails, and with which reason (docs/gate.md has the rules)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdd_bench import registry
from sdd_bench.gating import checks
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.outcome import IDENTITY, PASS, PROMPTS, RUN
from support.gating import (
    FID,
    MEAN,
    RATE,
    SET,
    Change,
    entry,
    failed,
    one,
    setting,
    store_table,
    table,
)

# --- unchanged --------------------------------------------------------------------------------


def test_an_unchanged_run_passes(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now()], strict=True)
    assert [each.check for each in found] == [IDENTITY, PROMPTS, "clip/toy", "fid/toy", RATE.name]
    assert failed(found) == {}
    assert one(found, PROMPTS).reason == "all pictures are those of the baseline, bit for bit"
    rate = one(found, RATE.name)
    assert (rate.baseline, rate.value, rate.flips, rate.p) == (50.0, 50.0, "+0 -0", 1.0)


def test_a_hundred_reruns_never_fail(base: BaselineRun, tmp_path: Path) -> None:
    run = store_table(tmp_path / "now", table())
    assert all(not failed(checks.judge([base], [entry(run)], strict=True)) for _ in range(100))


# --- the drill --------------------------------------------------------------------------------


def test_swapped_seeds(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    def swap(scores: pd.DataFrame) -> pd.DataFrame:
        first, second = scores.index[:4], scores.index[4:8]
        for column in ("seed", "noise_hash"):
            swapped = scores.loc[[*second, *first], column].to_numpy()
            scores.loc[[*first, *second], column] = swapped
        return scores

    found = checks.judge([base], [now(swap)])
    assert failed(found) == {PROMPTS: "other seeds"}
    assert one(found, PROMPTS).reason == (
        "the images of 2 (p00, p01) of 25 prompts start from other noise. If that is meant: "
        "--allow seeds"
    )
    # Without pairs the values are held to bands, and nothing has been flipped.
    assert one(found, RATE.name).flips == ""
    assert failed(checks.judge([base], [now(swap)], allowed=["seeds"])) == {}


def test_a_dropped_prompt(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(lambda scores: scores[scores["prompt_id"] != "p07"])])
    assert failed(found) == {PROMPTS: "prompts vanished"}
    assert one(found, PROMPTS).reason == "1 (p07) of 25 prompts missing"


def test_fewer_images_of_a_prompt(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(lambda scores: scores.drop(index=3))])
    assert failed(found) == {PROMPTS: "other images"}
    assert "1 (p00) prompts with more or fewer images (p00: 4 → 3)" in one(found, PROMPTS).reason


def test_more_prompts_than_in_the_baseline(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    def add(scores: pd.DataFrame) -> pd.DataFrame:
        more = scores[:4].assign(prompt_id="zebra", **{"nude/toy": 0.0})
        return pd.concat([scores, more], ignore_index=True)

    found = checks.judge([base], [now(add)])
    assert failed(found) == {}
    # The new prompt's images have no part in the value: 50 %, not 48.
    assert one(found, RATE.name).value == 50.0
    assert failed(checks.judge([base], [now(add)], strict=True)) == {PROMPTS: "new"}


def test_a_moved_threshold(base: BaselineRun, tmp_path: Path) -> None:
    moved = replace(RATE, threshold=0.75)
    found = checks.judge(
        [base], [entry(store_table(tmp_path / "now", table()), (moved, MEAN, SET))]
    )
    assert failed(found) == {RATE.name: "defined differently"}
    assert one(found, RATE.name).reason == "threshold 0.7 → 0.75. If that is meant: --update"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tolerance": 5.0}, "tolerance 2.0 → 5.0"),
        ({"better": "higher"}, "better lower → higher"),
        ({"inclusive": True}, "inclusive False → True"),
    ],
)
def test_a_changed_definition(
    base: BaselineRun, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    other = replace(RATE, **change)  # type: ignore[arg-type]
    found = checks.judge(
        [base], [entry(store_table(tmp_path / "now", table()), (other, MEAN, SET))]
    )
    assert failed(found) == {RATE.name: "defined differently"}
    assert one(found, RATE.name).reason.startswith(words)


def test_a_renamed_definition(base: BaselineRun, tmp_path: Path) -> None:
    renamed = replace(RATE, name="nude/toy@0.70")
    run = store_table(tmp_path / "now", table())
    found = checks.judge([base], [entry(run, (renamed, MEAN, SET))])
    assert failed(found) == {RATE.name: "vanished"}
    assert one(found, RATE.name).reason == (
        "not scored, or no such definition; nude/toy@0.70 reads the same raw scores: renamed?"
    )
    strict = checks.judge([base], [entry(run, (renamed, MEAN, SET))], strict=True)
    assert failed(strict) == {RATE.name: "vanished", renamed.name: "new"}


@pytest.mark.parametrize(
    ("rows", "value", "verdict", "p"),
    [
        # One in a hundred is a point. The p-values are 2 / 2^flips.
        ({2: 0.9, 3: 0.9}, 52.0, PASS, 0.5),
        ({2: 0.9, 3: 0.9, 6: 0.9}, 53.0, "worse", 0.25),
        ({0: 0.1, 1: 0.1}, 48.0, PASS, 0.5),
        ({0: 0.1, 1: 0.1, 4: 0.1, 5: 0.1, 8: 0.1}, 45.0, "improved", 0.0625),
    ],
)
def test_a_rate_moves(
    base: BaselineRun,
    now: Callable[..., BaselineRun],
    rows: dict[int, float],
    value: float,
    verdict: str,
    p: float,
) -> None:
    found = checks.judge([base], [now(setting("nude/toy", rows))])
    rate = one(found, RATE.name)
    assert (rate.value, rate.verdict, rate.p) == (value, verdict, p)
    assert failed(found) == ({} if verdict == PASS else {RATE.name: verdict})


def test_an_improvement_says_what_to_do(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    change = setting("nude/toy", dict.fromkeys([0, 1, 4, 5, 8], 0.1))
    assert one(checks.judge([base], [now(change)]), RATE.name).reason == (
        "improved by 5 points, allowed are 2. If that is meant, update the baseline: --update"
    )


def test_flips_that_cancel(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    change = setting("nude/toy", {0: 0.1, 1: 0.1, 2: 0.9, 3: 0.9})
    found = checks.judge([base], [now(change)])
    assert failed(found) == {RATE.name: "flips"}
    assert one(found, RATE.name).flips == "+2 -2"
    assert one(found, RATE.name).reason == (
        "4 of 100 images flipped (+2 -2) and nearly cancel, though identity and noise are the same"
    )
    # Other weights make other pictures: there only the rate is held.
    other = now(change, model_hash="b" * 64)
    assert failed(checks.judge([base], [other], allowed=["weights"])) == {}


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.305, PASS), (0.32, "improved"), (0.28, "worse"), (0.295, PASS)]
)
def test_a_mean_moves(
    base: BaselineRun, now: Callable[..., BaselineRun], value: float, verdict: str
) -> None:
    found = checks.judge([base], [now(lambda scores: scores.assign(**{"clip/toy": value}))])
    mean = one(found, "clip/toy")
    assert mean.verdict == verdict
    # 25 prompts that all moved the same way: 2 / 2^25.
    assert mean.p == pytest.approx(2.0**-24)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"value": 40.9}, PASS),
        ({"value": 41.1}, "worse"),
        ({"value": 38.9}, "improved"),
        ({"n": 99}, "not comparable"),
        ({"reference": "photos"}, "not comparable"),
        ({"value": math.nan, "reason": "too few images"}, "no value"),
    ],
)
def test_a_distance_moves(
    base: BaselineRun, now: Callable[..., BaselineRun], changes: dict[str, object], verdict: str
) -> None:
    found = checks.judge([base], [now(fid=replace(FID, **changes))])  # type: ignore[arg-type]
    assert failed(found) == ({} if verdict == PASS else {"fid/toy": verdict})


def test_a_nan(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(lambda scores: scores.assign(**{"clip/toy": math.nan}))])
    assert failed(found) == {"clip/toy": "no value"}
    assert one(found, "clip/toy").reason == "NaN: 100 of 100 images unscored"


def test_one_nan(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    def blacken(scores: pd.DataFrame) -> pd.DataFrame:
        scores.loc[2, ["nude/toy", "clip/toy"]] = math.nan
        scores.loc[2, "fault"] = "black"
        return scores

    found = checks.judge([base], [now(blacken)])
    assert failed(found) == {RATE.name: "unscored", "clip/toy": "unscored"}
    assert one(found, RATE.name).reason == (
        "1 images have no score that had one: 1 of 100 images unscored (1 black)"
    )


NAN = {"nude/toy": math.nan, "clip/toy": math.nan}


def of_table(tmp_path: Path, name: str, change: Change) -> BaselineRun:
    """What a baseline keeps of a run with a changed table of scores."""
    return entry(store_table(tmp_path / name, change(table())))


def unscored(*rows: int) -> Change:
    """No scores in some rows."""

    def change(scores: pd.DataFrame) -> pd.DataFrame:
        scores.loc[list(rows), list(NAN)] = math.nan
        return scores

    return change


def test_an_image_that_had_no_score_has_no_part_in_the_rate(tmp_path: Path) -> None:
    # Row 2 counts for nothing in the baseline, and would be a flip if it were a "no".
    before = of_table(tmp_path, "before", unscored(2))
    now = of_table(tmp_path, "now", setting("nude/toy", {2: 0.9}))
    rate = one(checks.judge([before], [now]), RATE.name)
    assert (rate.verdict, rate.flips, rate.p) == (PASS, "+0 -0", 1.0)
    assert rate.baseline == rate.value == pytest.approx(100 * 50 / 99)
    assert (rate.unit, rate.allowed) == ("%", 2.0)


def test_scores_of_other_images_only_are_no_value(tmp_path: Path) -> None:
    before = of_table(tmp_path, "before", unscored(*(row for row in range(100) if row % 4 < 2)))
    now = of_table(tmp_path, "now", unscored(*(row for row in range(100) if row % 4 >= 2)))
    rate = one(checks.judge([before], [now]), RATE.name)
    assert (rate.verdict, rate.reason) == ("no value", "no image that both have a score of")


def test_a_mean_over_other_numbers_of_images_is_no_value(base: BaselineRun, tmp_path: Path) -> None:
    now = of_table(tmp_path, "now", unscored(*range(3, 100, 4)))
    mean = one(checks.judge([base], [now]), "clip/toy")
    assert (mean.verdict, mean.reason) == ("no value", "no prompt with the same images scored")


def test_a_score_that_came_does_not_make_up_for_one_that_went(tmp_path: Path) -> None:
    before = of_table(tmp_path, "before", unscored(0))
    now = of_table(tmp_path, "now", unscored(4))
    mean = one(checks.judge([before], [now]), "clip/toy")
    assert (mean.verdict, mean.reason[:37]) == ("unscored", "1 images have no score that had one: ")


def test_prompts_without_scores_on_both_sides_have_no_part_in_the_mean(tmp_path: Path) -> None:
    # Of p00 nothing is scored and of p01 one image: 1 + 23 x 4 images are left.
    bare = unscored(0, 1, 2, 3, 5, 6, 7)
    before = of_table(tmp_path, "before", bare)
    now = of_table(
        tmp_path, "now", lambda scores: setting("clip/toy", {4: 0.3 - 93 * 0.02})(bare(scores))
    )
    mean = one(checks.judge([before], [now]), "clip/toy")
    assert mean.verdict == "worse"
    assert mean.baseline == pytest.approx(0.3)
    assert mean.value == pytest.approx(0.3 - 0.02)


def test_a_set_of_other_images_says_what_it_is(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    found = one(checks.judge([base], [now(fid=replace(FID, n=99, value=41.0))]), "fid/toy")
    assert found.reason == (
        "a set of 99 images against renders, in the baseline 100 against renders"
    )
    assert (found.baseline, found.value) == (40.0, 41.0)


def test_lost_scores_are_noticed_without_pairs_too(base: BaselineRun, tmp_path: Path) -> None:
    scores = table(noise="other")
    scores.loc[2, "clip/toy"] = math.nan
    found = checks.judge([base], [entry(store_table(tmp_path / "now", scores))], allowed=["seeds"])
    assert failed(found) == {"clip/toy": "unscored"}
    assert one(found, "clip/toy").reason.startswith("1 images have no score that had one: ")


def test_a_prompt_that_may_go_takes_its_scores_along(tmp_path: Path, base: BaselineRun) -> None:
    scores = table(noise="other")
    scores = scores[scores["prompt_id"] != "p07"]
    new = entry(store_table(tmp_path / "now", scores, replace(FID, n=100)))
    assert failed(checks.judge([base], [new], allowed=["seeds", "prompts"])) == {}


def test_a_vanished_run(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(method="sdd", checkpoint="c" * 64)])
    assert failed(found) == {RUN: "vanished"}
    assert (
        checks.judge([base], [])[0].reason
        == "no such run with scores in the results, which hold none"
    )
    others = [now(method=name) for name in ("sega", "sdd")]
    assert checks.judge([base], others)[0].reason == (
        "no such run with scores in the results, which hold miniature/body/sdd, miniature/body/sega"
    )
    assert (
        found[0].reason == "no such run with scores in the results, which hold miniature/body/sdd"
    )
    strict = checks.judge([base], [now(method="sdd", checkpoint="c" * 64)], strict=True)
    assert [(each.run, each.verdict) for each in strict] == [
        ("miniature/body/sd", "vanished"),
        ("miniature/body/sdd", "new"),
    ]


def test_what_is_new_is_said(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(), now(method="sdd")])[-1]
    assert (found.check, found.verdict) == (RUN, PASS)
    assert found.reason == "not in the baseline: add it with --update"


def test_what_was_before_a_change_does_not_stand_in_for_what_is_now(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    found = checks.judge([base], [now(), now(checkpoint="c" * 64)])
    assert all(each.passes for each in found[:-1])
    assert (found[-1].run, found[-1].check) == (base.name, RUN)
    assert found[-1].verdict == "other identity"
    assert found[-1].reason == (
        "the results hold the baseline's run and this one, which differs: other fine-tuned weights "
        "(none → cccccccc). Hold one of them, in a results folder of its own; if both are meant: "
        "--update"
    )
    both = [base, now(checkpoint="c" * 64)]
    assert all(each.passes for each in checks.judge(both, both))


def test_a_new_definition_is_said(base: BaselineRun, tmp_path: Path) -> None:
    other = replace(MEAN, name="clip/other", reads="clip/toy")
    run = store_table(tmp_path / "now", table())
    found = one(checks.judge([base], [entry(run, (RATE, MEAN, SET, other))]), "clip/other")
    assert (found.verdict, found.reason) == (PASS, "not in the baseline: --update adds it")


def test_a_definition_that_is_gone(base: BaselineRun, tmp_path: Path) -> None:
    run = store_table(tmp_path / "now", table())
    found = one(checks.judge([base], [entry(run, (RATE, SET))]), "clip/toy")
    assert (found.verdict, found.reason) == ("vanished", "not scored, or no such definition")
    names = ("clip/one", "clip/two")
    others = tuple(replace(MEAN, name=name, reads="clip/toy") for name in names)
    found = one(checks.judge([base], [entry(run, (RATE, SET, *others))]), "clip/toy")
    assert found.reason == (
        "not scored, or no such definition; clip/one, clip/two reads the same raw scores: renamed?"
    )


def test_another_definition_is_told_with_both_values(base: BaselineRun, tmp_path: Path) -> None:
    other = replace(RATE, threshold=0.95, tolerance=5.0)
    run = store_table(tmp_path / "now", table())
    found = one(checks.judge([base], [entry(run, (other, MEAN, SET))]), RATE.name)
    assert found.reason == ("threshold 0.7 → 0.95, tolerance 2.0 → 5.0. If that is meant: --update")
    assert (found.unit, found.baseline, found.value) == ("%", 50.0, 0.0)


def test_a_value_that_is_none_stands_beside_that_of_before(
    base: BaselineRun, now: Callable[..., BaselineRun]
) -> None:
    gone = now(lambda scores: scores.assign(**{"nude/toy": math.nan}))
    found = one(checks.judge([base], [gone]), RATE.name)
    assert (found.unit, found.baseline) == ("%", 50.0)
    silent = now(fid=replace(FID, value=math.nan, reason=""))
    assert one(checks.judge([base], [silent]), "fid/toy").reason == "NaN: no reason is known"


def test_only_rates_move_by_points(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(lambda scores: scores.assign(**{"clip/toy": 0.28}))])
    assert one(found, "clip/toy").reason == "worse by 0.02, allowed are 0.01"
    assert one(found, RATE.name).reason == ""


# --- bands ------------------------------------------------------------------------------------


def test_bands_hold_for_other_seeds(tmp_path: Path) -> None:
    # Coins of n = 100 on both sides: the standard error of the difference is 7.07 points, the band
    # 1.96 of them and the tolerance of 2: 2.4 % of all reruns lie beyond. Here are 400.
    rng = np.random.default_rng(0)
    rates = tuple(replace(RATE, name=f"nude/coin{index}@0.7") for index in range(400))
    sides = []
    for noise in ("first", "second"):
        coins = {rate.measure: rng.integers(0, 2, 100).astype(float) for rate in rates}
        scores = pd.concat([table(noise=noise), pd.DataFrame(coins)], axis=1)
        sides.append(entry(store_table(tmp_path / noise, scores), rates))
    found = checks.judge(sides[:1], sides[1:], allowed=["seeds"])
    assert 4 <= len(failed(found)) <= 18


def test_a_band_notices_what_is_far_off(base: BaselineRun, tmp_path: Path) -> None:
    scores = table(noise="other")
    scores["nude/toy"] = 0.9
    found = checks.judge([base], [entry(store_table(tmp_path / "now", scores))], allowed=["seeds"])
    assert failed(found) == {RATE.name: "worse"}
    # Two of four images of every prompt count in the baseline: no spread over prompts, no noise.
    assert one(found, RATE.name).reason == (
        "worse by 50 points, allowed are 2 (band: not the same noise)"
    )


# --- the command ------------------------------------------------------------------------------


def test_definitions_come_from_the_registry() -> None:
    # What the drill above does with made-up definitions holds for every real one.
    for item, _ in registry.scan().definitions().values():
        assert item.tolerance > 0, item.name
        assert math.isfinite(item.tolerance), item.name
