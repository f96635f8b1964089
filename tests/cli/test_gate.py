"""The command `gate`: what it passes, fails and refuses."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sdd_bench.weights import store as weights
from support.gating import gate_of
from support.reporting import read
from support.shell import Answer, Shell


@pytest.fixture
def gated(used: Shell) -> Callable[..., Answer]:
    """`gate` on results of the miniature, with a baseline of them."""
    return gate_of(used)


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


def test_the_summary_and_the_history_are_those_of_the_job(
    used: Shell, gated: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    summary, past = used.folder / "gate.md", used.folder / "baseline.history.jsonl"
    assert gated("--record", "--summary", summary).code == 0
    assert summary.read_text().startswith("Gate passed: 7 checks\n\n| run | check |")
    before, this = map(json.loads, past.read_text().splitlines())
    assert (before["outcome"], this["outcome"], this["commit"]) == ("updated", "passed", "c0ffee")


def test_the_page_shows_what_flipped(used: Shell, gated: Shell) -> None:
    run = used.stored("sd-neg")
    raw = run.scores()["nude/miniature"]
    run.write_scores(run.scores().assign(**{"nude/miniature": 1 - raw}))
    path = used.folder / "gate.html"
    assert gated("--report", path, "--before", used.results).code == 1
    page = read(path)
    assert {flip["prompt"] for flip in page.report["flips"]} <= set(run.scores()["prompt_id"])
    assert [len(block) for block in page.blocks] == [len(page.report["flips"])]  # judged anew
    assert gated("--report", path, "--no-images").code == 1
    assert read(path).blocks == []
    line = gated("--before", used.results).failure(2)
    assert "name one with --report" in line


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


def test_the_outcome_never_takes_the_place_of_the_baseline(used: Shell) -> None:
    baseline = used.folder / "baseline.json"
    results = "--results", used.results
    assert used("gate", "--update", "--baseline", baseline, *results).code == 0
    before = baseline.read_bytes()
    (used.folder / "link.xml").symlink_to(baseline)
    for junit in (baseline, used.folder / "." / "link.xml"):
        for more in ((), ("--update",)):
            line = used.fails(2, "gate", "--baseline", baseline, "--junit", junit, *results, *more)
            assert f"would take the place of the baseline {baseline}: name another" in line
    assert baseline.read_bytes() == before


def test_a_damaged_run_does_not_stop_the_others(used: Shell, gated: Shell) -> None:
    (used.stored("sd-neg").folder / "run.json").write_text("{")
    answer = gated()
    assert answer.code == 1
    assert "WARNING: left out:" in answer.err
    assert answer.out.startswith("Gate failed: 1 of 4 checks (1 vanished)")


def test_an_update_drops_no_run_that_cannot_be_read(used: Shell, gated: Shell) -> None:
    record = used.stored("sd-neg").folder / "run.json"
    whole = record.read_text()
    record.write_text("{")
    answer = gated("--update")
    assert answer.code == 2
    assert f"error: {record} is damaged" in answer.err
    record.write_text(whole)
    assert gated().code == 0


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
