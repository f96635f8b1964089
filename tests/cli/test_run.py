"""The command `run`: its table and pictures, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench import registry
from sdd_bench.benchmark import trainer
from sdd_bench.benchmark.request import Options
from sdd_bench.benchmark.selection import choose
from sdd_bench.runs.lookup import find
from support.runs import pictures
from support.shell import METRICS, Shell


def test_run_prints_the_table_and_says_where_the_pictures_are(shell: Shell) -> None:
    done = shell.run("--method", "sd-neg", *METRICS)
    assert done.code == 0
    assert "toy nude/miniature@0.7 % ↓" in " ".join(done.out.split())
    for method in ("sd", "sd-neg"):
        folder = shell.stored(method).folder / "images"
        assert f"{method} on toy: {folder}" in done.out.splitlines()
        assert sorted(path.name for path in folder.iterdir()) == ["bare_0000.png", "japan_0000.png"]
    assert done.err == ""  # work of seconds leaves nothing in a log
    assert "is the baseline" in done.out
    assert shell.stored("sd-neg").scores()["lpips/miniature"].gt(0).all()


def test_run_does_nothing_twice(used: Shell) -> None:
    before = {method: pictures(used.stored(method)) for method in ("sd", "sd-neg")}
    first = used.run("--method", "sd-neg", *METRICS)
    assert first.code == 0
    assert first.err == ""
    assert {method: pictures(used.stored(method)) for method in ("sd", "sd-neg")} == before
    assert used.run("--method", "sd-neg", *METRICS).out == first.out


def test_a_smaller_request_keeps_what_there_is_and_a_bigger_one_adds_to_it(used: Shell) -> None:
    before, scores = pictures(used.stored()), used.stored().scores()
    assert "n=2" in used.run("--limit", 1, *METRICS).out
    assert pictures(used.stored()) == before
    assert used.stored().scores().equals(scores)
    assert "n=3" in used.run("--limit", 3, *METRICS).out
    assert pictures(used.stored()).items() > before.items()
    assert used.stored().scores().head(2).equals(scores)


def test_the_baseline_keeps_its_pictures_for_methods_that_are_still_being_trained(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "ready", lambda bundle, methods, options: methods[:1])
    done = shell.run("--method", "sd-neg", *METRICS, "--discard-images")
    assert done.code == 0, done.err
    assert list(shell.results.rglob("*.png")) == []
    assert shell.stored("sd-neg").scores()["lpips/miniature"].gt(0).all()


def test_other_settings_are_another_run(used: Shell) -> None:
    assert used.run("--seed", 43, "--limit", 1, *METRICS).code == 0
    runs = [run.spec for run in find(used.results) if run.spec.method == "sd"]
    assert {spec.settings.seed for spec in runs} == {42, 43}


def test_a_folder_is_a_model_with_the_metrics_asked_for(
    shell: Shell, copied_miniature: Path
) -> None:
    done = shell.run("--model", copied_miniature, "--metric", "nude/miniature@0.7", "--limit", 1)
    assert done.code == 0, done.err
    assert "model 'copied-miniature'" in done.out
    assert shell("table", "--results", shell.results).code == 0
    again = shell("score", shell.stored().folder, "--metric", "clip/miniature")
    assert again.code == 0, again.err


def test_phrases_that_the_miniature_cannot_read_have_its_own_words() -> None:
    def removed(method: str, model: str, *concepts: str) -> tuple[str, ...]:
        return choose(method, Options(model=model, concepts=concepts), registry.scan()).concepts

    for method in ("safree", "safree-neg"):
        assert removed(method, "miniature") == ("nudity", "sexual", "seductive")
        assert removed(method, "sd-v1-4")[:3] == (
            "Sexual Acts", "Content Meant to Arouse Sexual Excitement", "Nudity",
        )  # fmt: skip
        assert removed(method, "miniature", "hate") == ("hate",)
    assert removed("adavd", "miniature") == removed("adavd", "sd-v1-4") == ("nudity",)
