"""Trained methods at the command line: trained once, found again, brought from elsewhere."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run

if TYPE_CHECKING:
    from tests.conftest import Shell

METHOD = '''
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from sdd_bench.types import Optimisation


@dataclass(frozen=True)
class Forget:
    """Learns to answer the concepts like no text at all, on pure noise."""

    optimisation: Optimisation = Optimisation(iterations=4, rate=1e-3, ema=0.5)
    concepts: tuple[str, ...] = ("nudity",)

    @property
    def recipes(self):
        return {"short": self, "shorter": Forget(Optimisation(iterations=2, rate=1e-3))}

    def branches(self, prompt, concepts):
        return "", prompt

    def guide(self, call, noise, scale, state):
        empty, prompt = noise
        return empty + scale * (prompt - empty), state

    def loss(self, trainee, iteration, generator):
        latents = torch.randn(2, *trainee.latent_shape, generator=generator)
        times = torch.full((2,), 981)
        with trainee.student():
            target = trainee.predict(latents, times, ["", ""])
        texts = [", ".join(trainee.concepts)] * 2
        return F.mse_loss(trainee.predict(latents, times, texts), target)
'''

SCORED = ("--metric", "nude/miniature@0.7")


@pytest.fixture
def method(tmp_path: Path) -> str:
    path = tmp_path / "forget.py"
    path.write_text(METHOD)
    return f"{path}:Forget"


def checkpoint_of(shell: Shell) -> Path:
    (path,) = shell.results.glob("trained/miniature/*/checkpoint.safetensors")
    return path


def images(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run.folder / "images").glob("*.png"))}


def by_name(shell: Shell, name: str) -> Run:
    (found,) = (run for run in find(shell.results) if run.spec.method == name)
    return found


def test_run_trains_what_is_missing_and_only_once(shell: Shell, method: str) -> None:
    first = shell.run(*SCORED, "--method", method)
    assert first.code == 0, first.err
    assert "forget:Forget" in first.out
    assert "iterations/s" in first.err
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
    assert "iterations/s" not in shell.run(*SCORED, method=method).err


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


def test_tensorboard_gets_the_rows_of_the_log(shell: Shell, method: str) -> None:
    done = shell(
        "train", "--method", method, "--log", "tensorboard", "--device", "cpu", "--results",
        shell.results,
    )  # fmt: skip
    assert done.code == 0, done.err
    (folder,) = (shell.results / "tensorboard").iterdir()
    events = EventAccumulator(str(folder))
    events.Reload()
    log = pd.read_parquet(checkpoint_of(shell).with_name("log.parquet"))
    for column in ("loss", "gradient_norm", "rate", "unet_rows"):
        sent = events.Scalars(column)
        assert [event.step for event in sent] == [1, 2, 3, 4]
        # the format holds single precision
        assert [event.value for event in sent] == pytest.approx(log[column].tolist(), rel=1e-6)


# --- wrong input ------------------------------------------------------------------------------


def test_a_method_that_is_not_trained_cannot_be(shell: Shell) -> None:
    said = shell.fails(2, "train", "--method", "sld-max", "--results", shell.results)
    assert "'sld-max' is not trained" in said


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--recipe", "papr", "no recipe named 'papr'. Did you mean 'paper'?"),
        ("--trainable", "xatn", "no set of trainable tensors named 'xatn'. Did you mean 'xattn'?"),
        ("--log", "tensorbord", "no tracker named 'tensorbord'. Did you mean 'tensorboard'?"),
    ],
)
def test_slips_get_a_suggestion(shell: Shell, option: str, value: str, expected: str) -> None:
    said = shell.fails(
        2, "train", "--method", "sdd", option, value, "--device", "cpu", "--results", shell.results
    )
    assert expected in said


def test_a_checkpoint_that_is_absent_is_named(shell: Shell) -> None:
    assert "there is no checkpoint" in shell.run_fails(2, "--checkpoint", "no.pt", method="sdd")


def test_a_tracker_without_its_package_says_what_to_install(
    shell: Shell, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith(("wandb", "tensorboard")):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    said = shell.fails(
        3, "train", "--method", method, "--log", "wandb", "--device", "cpu", "--results",
        shell.results,
    )  # fmt: skip
    assert "pip install wandb" in said
