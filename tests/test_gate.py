"""The gate drill: what passes, what fails, and with which reason (docs/gate.md has the rules)."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from sdd_bench import registry
from sdd_bench.errors import InputError
from sdd_bench.gating import baseline, checks, junit, matching, snapshot
from sdd_bench.gating.outcome import IDENTITY, PASS, PROMPTS, RUN, CheckResult
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Definition, Settings
from sdd_bench.weights import store as weights

from .conftest import Shell, run_spec

if TYPE_CHECKING:
    from sdd_bench.gating.baseline import BaselineRun

RATE = Definition(
    name="nude/toy@0.7", better="lower", tolerance=2.0, source="this test", threshold=0.7
)
MEAN = Definition(name="clip/toy", better="higher", tolerance=0.01, source="this test")
SET = Definition(name="fid/toy", better="lower", tolerance=1.0, source="this test")
DEFINITIONS = (RATE, MEAN, SET)

PROMPT_IDS = [f"p{index:02}" for index in range(25)]
FID = SetValue(value=40.0, low=36.0, high=44.0, n=100, reference="renders")


def table(method: str = "sd", noise: str = "n") -> pd.DataFrame:
    """25 prompts of 4 images, of which the first two count: 50 %. CLIP scores have the mean 0.3."""
    rows = [
        {
            "suite": "body", "method": method, "prompt_id": prompt, "prompt": prompt, "group": "",
            "k": k, "seed": 1000 * i + k, "noise_hash": f"{noise}{i}.{k}", "image_hash": f"{i}.{k}",
            "fault": "", "nude/toy": 0.9 if k < 2 else 0.72 - 0.1 * k, "clip/toy": 0.3,
        }
        for i, prompt in enumerate(PROMPT_IDS)
        for k in range(4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def store(root: Path, scores: pd.DataFrame, fid: SetValue = FID, **changes: object) -> Run:
    run = Run.create(root, run_spec(**changes))
    run.write_scores(scores)
    run.write_sets({"fid/toy": fid})
    run.finish(images=len(scores), truncated_prompts=0, provenance={"torch": "2.14.1"})
    return run


def entry(run: Run, definitions: tuple[Definition, ...] = DEFINITIONS) -> BaselineRun:
    return snapshot.entry(run, definitions)


@pytest.fixture
def base(tmp_path: Path) -> BaselineRun:
    """Written and read back, as a baseline is."""
    path = tmp_path / "baseline.json"
    baseline.write(path, [entry(store(tmp_path / "base", table()))])
    (found,) = baseline.read(path)
    return found


Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def now(tmp_path: Path) -> Callable[..., BaselineRun]:
    """A run of now with a changed table of scores."""

    def made(change: Change = lambda scores: scores, **more: object) -> BaselineRun:
        return entry(store(tmp_path / "now", change(table()), **more))  # type: ignore[arg-type]

    return made


def failed(found: list[CheckResult]) -> dict[str, str]:
    return {each.check: each.verdict for each in found if not each.passes}


def one(found: list[CheckResult], check: str) -> CheckResult:
    (each,) = (each for each in found if each.check == check)
    return each


def setting(column: str, values: Mapping[int, float]) -> Change:
    """Other values in some rows."""

    def change(scores: pd.DataFrame) -> pd.DataFrame:
        for row, value in values.items():
            scores.loc[row, column] = value
        return scores

    return change


# --- unchanged --------------------------------------------------------------------------------


def test_an_unchanged_run_passes(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now()], strict=True)
    assert [each.check for each in found] == [IDENTITY, PROMPTS, "clip/toy", "fid/toy", RATE.name]
    assert failed(found) == {}
    assert one(found, PROMPTS).reason == "all pictures are those of the baseline, bit for bit"
    rate = one(found, RATE.name)
    assert (rate.baseline, rate.value, rate.flips, rate.p) == (50.0, 50.0, "+0 -0", 1.0)


def test_a_hundred_reruns_never_fail(base: BaselineRun, tmp_path: Path) -> None:
    run = store(tmp_path / "now", table())
    assert all(not failed(checks.judge([base], [entry(run)], strict=True)) for _ in range(100))


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
    found = checks.judge([base], [entry(store(tmp_path / "now", table()), (moved, MEAN, SET))])
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
    found = checks.judge([base], [entry(store(tmp_path / "now", table()), (other, MEAN, SET))])
    assert failed(found) == {RATE.name: "defined differently"}
    assert one(found, RATE.name).reason.startswith(words)


def test_a_renamed_definition(base: BaselineRun, tmp_path: Path) -> None:
    renamed = replace(RATE, name="nude/toy@0.70")
    run = store(tmp_path / "now", table())
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


def test_a_vanished_run(base: BaselineRun, now: Callable[..., BaselineRun]) -> None:
    found = checks.judge([base], [now(method="sdd", checkpoint="c" * 64)])
    assert failed(found) == {RUN: "vanished"}
    assert found[0].reason == "no such run in the results, which hold miniature/body/sdd"
    strict = checks.judge([base], [now(method="sdd", checkpoint="c" * 64)], strict=True)
    assert [(each.run, each.verdict) for each in strict] == [
        ("miniature/body/sd", "vanished"),
        ("miniature/body/sdd", "new"),
    ]


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [
        ("weights", {"model_hash": "b" * 64}, "other model weights (aaaaaaaa → bbbbbbbb)"),
        ("weights", {"checkpoint": "c" * 64}, "other fine-tuned weights (none → cccccccc)"),
        ("parameters", {"parameters": {"a": 1}}, "other parameters of the method (none → a 1)"),
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
        sides.append(entry(store(tmp_path / noise, scores), rates))
    found = checks.judge(sides[:1], sides[1:], allowed=["seeds"])
    assert 4 <= len(failed(found)) <= 18


def test_a_band_notices_what_is_far_off(base: BaselineRun, tmp_path: Path) -> None:
    scores = table(noise="other")
    scores["nude/toy"] = 0.9
    found = checks.judge([base], [entry(store(tmp_path / "now", scores))], allowed=["seeds"])
    assert failed(found) == {RATE.name: "worse"}
    # Two of four images of every prompt count in the baseline: no spread over prompts, no noise.
    assert one(found, RATE.name).reason == (
        "worse by 50 points, allowed are 2 (band: not the same noise)"
    )


# --- files ------------------------------------------------------------------------------------


def test_a_baseline_has_a_line_per_prompt(base: BaselineRun, tmp_path: Path) -> None:
    text = (tmp_path / "baseline.json").read_text()
    (run,) = json.loads(text)["runs"]
    assert run["columns"] == ["images", "noise", "pictures", "clip/toy", RATE.name]
    lines = [line for line in text.splitlines() if '"p03"' in line]
    noise, pictures = (str(base.prompts.loc["p03", key]) for key in ("noise", "pictures"))
    assert lines == [f'    "p03": "4 {noise} {pictures} 0.3 1100",']
    assert run["definitions"][RATE.name]["value"] == 50.0
    assert run["identity"]["digest"] == run_spec().digest
    assert run["made_with"] == {"torch": "2.14.1"}
    again = tmp_path / "again.json"
    baseline.write(again, [base])
    assert again.read_text() == text


def test_values_that_there_are_none_of_are_not_kept(tmp_path: Path) -> None:
    scores = table().assign(**{"clip/toy": math.nan})
    path = tmp_path / "baseline.json"
    baseline.write(path, [entry(store(tmp_path, scores))])
    (found,) = baseline.read(path)
    assert sorted(found.recorded) == ["fid/toy", RATE.name]
    assert failed(checks.judge([found], [entry(find(tmp_path)[0])], strict=True)) == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"value": 50.0', '"value": 40.0', "was edited: miniature/body/sd nude/toy@0.7 is 40 of"),
        (" 0.3 1100", " 0.3 0100", "was edited"),
        (" 0.3 1100", " 0.3", "damaged.*needs 5 columns"),
        (" 0.3 1100", " x 1100", "damaged"),
        ('"format": 1', '"format": 2', "damaged.*format 2, and this version reads 1"),
        ('"runs": [', '"runs": {', "damaged"),
        ('"digest"', '"dogest"', "damaged.*digest"),
    ],
)
def test_a_damaged_baseline_is_one_sentence(
    base: BaselineRun, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        baseline.read(path)


def test_junit_is_xml_whatever_the_names(tmp_path: Path) -> None:
    evil = 'a"<&>\x00\x1b]]>'
    findings = [
        CheckResult(run=evil, check="identity"),
        CheckResult(run=evil, check="nude/x@0.7", verdict="worse", reason=evil),
        CheckResult(run="other", check="run", verdict="new", reason="é"),
    ]
    path = tmp_path / "folder" / "gate.xml"
    junit.write(path, findings)
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - we wrote it
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    assert [suite.get("tests") for suite in root] == ["2", "1"]
    failure = root[0][1].find("failure")
    assert failure is not None
    assert failure.get("message") == 'a"<&>\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}]]>'
    assert failure.get("type") == "worse"


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def gated(used: Shell) -> Callable[..., object]:
    """`gate` on results of the miniature, with a baseline of them."""
    file = used.folder / "baseline.json"

    def command(*more: object) -> object:
        return used("gate", "--baseline", file, "--results", used.results, *more)

    answer = command("--update")
    assert answer.code == 0, answer.err  # type: ignore[attr-defined]
    return command


def test_the_command_passes_and_fails(
    used: Shell, gated: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = used.folder / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    passed = gated("--strict", "--junit", used.folder / "gate.xml")
    assert passed.code == 0, passed.err
    assert passed.out.startswith("Gate passed: 7 checks")
    assert summary.read_text().startswith("Gate passed: 7 checks\n\n| run | check |")
    root = ET.fromstring((used.folder / "gate.xml").read_bytes())  # noqa: S314 - ours
    assert root.get("failures") == "0"

    run = used.stored("sd-neg")
    run.write_scores(run.scores().assign(**{"lpips/miniature": math.nan}))
    drifted = gated("--junit", used.folder / "gate.xml")
    assert drifted.code == 1
    assert drifted.out.startswith("Gate failed: 1 of 7 checks (1 no value)")
    assert "FAIL miniature/toy/sd-neg (nudity, sexual), lpips/miniature: no value: NaN: 2 of 2" in (
        " ".join(drifted.out.split())
    )
    assert gated("--only", "method=sd").code == 0
    assert gated("--only", "method=sd*", "--only", "definition=nude/*").code == 0
    assert gated("--only", "definition=lpips/*").code == 1


def test_bad_input_is_no_drift(used: Shell, gated: Shell) -> None:
    assert "cannot filter by 'sd'" in gated("--only", "sd").failure(2)
    assert "holds nothing that matches method=x" in gated("--only", "method=x").failure(2)
    assert "filter by model, suite or method" in gated(
        "--update", "--only", "definition=nude/*"
    ).failure(2)
    nothing = used.fails(
        2, "gate", "--baseline", used.folder / "baseline.json", "--results", used.folder / "none"
    )
    assert "no runs in" in nothing
    absent = used.fails(2, "gate", "--baseline", used.folder / "no.json", "--results", used.results)
    assert "--update` writes one" in absent


def test_an_update_keeps_what_the_filter_leaves_out(used: Shell, gated: Shell) -> None:
    file = used.folder / "baseline.json"
    before = json.loads(file.read_text())["runs"]
    for method in ("sd", "sd-neg"):
        run = used.stored(method)
        run.write_scores(run.scores().assign(**{"nude/miniature": [0.9, 0.1]}))
    assert gated("--update", "--only", "method=sd-neg").code == 0
    after = json.loads(file.read_text())["runs"]
    assert after[0] == before[0]
    assert after[1]["definitions"]["nude/miniature@0.7"]["value"] == 50.0
    assert gated("--only", "method=sd-neg").code == 0


def test_a_damaged_run_does_not_stop_the_others(used: Shell, gated: Shell) -> None:
    (used.stored("sd-neg").folder / "run.json").write_text("{")
    answer = gated()
    assert answer.code == 1
    assert "WARNING: left out:" in answer.err
    assert answer.out.startswith("Gate failed: 1 of 4 checks (1 vanished)")


def test_weights_changed_by_a_thousandth(used: Shell, gated: Shell) -> None:
    from safetensors.numpy import load_file, save_file

    # The shipped weights are checked, so a folder of the same name stands in for a new release.
    model = used.folder / "release" / "miniature"
    shutil.copytree(weights.SHIPPED, model)
    (path,) = (model / "unet").glob("*.safetensors")
    rng = np.random.default_rng(0)
    tensors = {
        name: (each * (1 + 1e-3 * rng.standard_normal(each.shape))).astype(each.dtype)
        for name, each in load_file(path).items()
    }
    save_file(tensors, path, {"format": "pt"})
    used.results = used.folder / "perturbed"
    options = ("--model", model, "--method", "sd-neg", "--metric", "nude/miniature@0.7")
    made = used.run(*options, "--metric", "lpips/miniature")
    assert made.code == 0, made.err
    answer = gated("--results", used.results)
    assert answer.code == 1
    assert "identity: other identity: other model weights" in " ".join(answer.out.split())
    allowed = gated("--results", used.results, "--allow", "weights")
    assert "identity: other model weights" in " ".join(allowed.out.split())
    assert "pictures of 2 of 2 prompts differ" in " ".join(allowed.out.split())
    assert "other identity" not in allowed.out


def test_definitions_come_from_the_registry() -> None:
    # What the drill above does with made-up definitions holds for every real one.
    for item, _ in registry.definitions().values():
        assert item.tolerance > 0, item.name
        assert math.isfinite(item.tolerance), item.name
