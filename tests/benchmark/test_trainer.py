"""Trained methods: trained once, found again, brought from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from sdd_bench import weights
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run
from support.runs import images
from support.shell import METRICS, Shell
from support.together import Together
from support.training import checkpoint_of, forget

SCORED = ("--metric", "nude/miniature@0.7")


@pytest.fixture
def method(tmp_path: Path) -> str:
    return forget(tmp_path)


def by_name(shell: Shell, name: str) -> Run:
    (found,) = (run for run in find(shell.results) if run.spec.method == name)
    return found


def test_run_trains_what_is_missing_and_only_once(
    shell: Shell, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as talkative:
        talkative.setattr("sdd_bench.progress.log.INTERVAL", 0.0)  # nothing is too short for a line
        first = shell.run(*SCORED, "--method", method)
    assert first.code == 0, first.err
    assert "forget:Forget" in first.out
    last = re.compile(r"training forget:Forget: 4/4 iterations, .* in 0:\d\d")
    assert [line for line in first.err.splitlines() if last.fullmatch(line)]
    made, plain = by_name(shell, "forget:Forget"), by_name(shell, "sd")
    assert made.spec.checkpoint is not None
    assert plain.spec.checkpoint is None
    assert made.spec.concepts == ("nudity",)
    assert made.spec.parameters["optimisation"]["iterations"] == 4  # type: ignore[index]
    assert images(made) != images(plain)
    written = checkpoint_of(shell).stat().st_mtime_ns
    again = shell.run(*SCORED, "--method", method)
    assert (again.out, again.err) == (first.out, "")
    assert checkpoint_of(shell).stat().st_mtime_ns == written


def test_train_stops_after_the_checkpoint_and_run_goes_on_from_it(
    shell: Shell, method: str
) -> None:
    done = shell("train", "--method", method, "--device", "cpu", "--results", shell.results)
    assert done.out == f"forget:Forget: {checkpoint_of(shell)}\n"
    assert find(shell.results) == []
    written = checkpoint_of(shell).stat().st_mtime_ns
    assert shell.run(*SCORED, method=method).code == 0
    assert checkpoint_of(shell).stat().st_mtime_ns == written


def test_other_concepts_recipes_and_tensors_are_other_trainings(shell: Shell, method: str) -> None:
    common = ("train", "--method", method, "--device", "cpu", "--results", shell.results)
    for more in (
        (), ("--concept", "violence"), ("--recipe", "shorter"), ("--trainable", "xattn-kv"),
        ("--seed", 1),
    ):  # fmt: skip
        assert shell(*common, *more).code == 0
    made = sorted(shell.results.glob("trained/miniature/*/checkpoint.safetensors"))
    assert len(made) == 5
    counts = sorted(len(load_file(path)) for path in made)
    assert counts[0] < counts[1] == counts[4]


def test_a_checkpoint_that_is_brought_takes_the_place_of_training(
    shell: Shell, method: str, tmp_path: Path
) -> None:
    assert shell.run(*SCORED, method=method).code == 0
    brought = tmp_path / "brought.safetensors"
    save_file(load_file(checkpoint_of(shell)), brought)
    done = shell.run(*SCORED, "--checkpoint", brought, method="sd")
    assert done.code == 0
    assert f"{brought} is taken for" in done.err
    made = by_name(shell, "sd")
    assert images(made) == images(by_name(shell, "forget:Forget"))
    assert made.spec.checkpoint == by_name(shell, "forget:Forget").spec.checkpoint
    # It is no undefended model, so pair metrics do not compare with it.
    done = shell.run("--metric", "lpips/miniature", method="sd-neg")
    assert "is the baseline" not in done.out
    assert (
        by_name(shell, "sd-neg")
        .scores()
        .get("lpips/miniature", pd.Series([float("nan")]))
        .isna()
        .all()
    )


def test_weights_of_ours_never_run_under_the_name_of_another_training(
    shell: Shell, method: str, tmp_path: Path
) -> None:
    common = ("--device", "cpu", "--results", shell.results)
    assert shell("train", "--method", method, "--save-every", 2, *common).code == 0
    result = checkpoint_of(shell)
    step = result.with_name("step-000002.safetensors")
    line = shell.run_fails(2, *SCORED, "--checkpoint", step, method=method)
    assert f"{step} is of 2 of 4 iterations of forget:Forget: give checkpoint.safet" in line
    line = shell.run_fails(2, *SCORED, "--checkpoint", result, method="esd-x-3")
    assert f"{result} was trained as forget:Forget, not as esd-x-3: give --method forget" in line
    for file in (step, result):
        assert shell.run(*SCORED, "--checkpoint", file, "--limit", 1, method="sd").code == 0


def test_the_models_own_weights_are_the_model_as_it_is(shell: Shell, tmp_path: Path) -> None:
    unet = Path(weights.find("miniature"), "unet", "diffusion_pytorch_model.safetensors")
    own = load_file(unet)
    attention = {name: each for name, each in own.items() if "attn2" in name}
    for name, held in (("whole", own), ("attention", attention)):
        save_file(held, tmp_path / f"{name}.safetensors")
        done = shell.run(*SCORED, "--checkpoint", tmp_path / f"{name}.safetensors")
        assert done.code == 0
        assert f"{name}.safetensors holds the model's own weights" in done.err
    (made,) = find(shell.results)
    assert made.spec.undefended


def test_a_curve_goes_from_the_untrained_model_to_the_last_weights(
    shell: Shell, method: str
) -> None:
    done = shell(
        "train", "--method", method, "--curve", shell.folder / "toy.csv", "--limit", 1, "--steps",
        2, "--images-per-prompt", 2, "--save-every", 2, "--device", "cpu", "--results",
        shell.results, *SCORED,
    )  # fmt: skip
    assert done.code == 0, done.err
    table, plot = (
        Path(line.removeprefix("curve: ")) for line in done.out.splitlines() if "curve: " in line
    )
    curve = pd.read_parquet(table)
    assert plot.read_bytes().startswith(b"\x89PNG")
    for role in ("student", "teacher"):
        assert curve.loc[curve["role"] == role, "iteration"].tolist() == [0, 2, 4]
    assert set(curve["definition"]) == {"nude/miniature@0.7"}
    assert curve["n"].tolist() == [2] * 6


@pytest.mark.slow
def test_one_trains_and_the_others_wait(shell: Shell) -> None:
    method = forget(shell.folder)
    together = Together(shell.folder, waits=0.3)
    asked = ("--method", method, "--device", "cpu", "--results", shell.results)
    for _ in range(2):
        together.start("train", *asked)
    together.start(
        "run", *asked, "--method", "sd", "--suite", "toy.csv", "--limit", 1, "--steps", 2, *METRICS
    )
    together.end()
    assert sorted(name for name, _ in together.made("iteration")) == ["0", "1", "2", "3"]
    assert checkpoint_of(shell).exists()
    assert {run.spec.method for run in find(shell.results)} == {"sd", "forget:Forget"}
