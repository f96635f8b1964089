"""The trial of a device: what is right passes, and what is off is noticed."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from sdd_bench.benchmark import trial
from sdd_bench.diffusion.conditioning import TextReader
from sdd_bench.diffusion.pndm import PNDM
from sdd_bench.miniature.export import manifest
from sdd_bench.types import Settings
from support.device import double, leave_on_cpu
from support.shell import Shell

FLOAT32 = trial.TOLERANCES["float32"]
COST = trial.Cost(images_per_second=2.5, peak_mb=1234.0)


def states(outcome: trial.Outcome, expected: trial.Outcome) -> list[str]:
    """What is said of pictures and of losses in single precision."""
    return [each.state for each in trial.compare("here", outcome, expected, FLOAT32)]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the trial be one picture of two steps, and one of training."""
    first = trial._samples()[:1]
    monkeypatch.setattr(trial, "_samples", lambda: first)
    monkeypatch.setattr(trial, "Settings", functools.partial(Settings, steps=2))
    monkeypatch.setattr(trial, "STEPS", 1)


# --- what is stored -----------------------------------------------------------------------------


def test_the_stored_values_are_of_the_weights_beside_them() -> None:
    expected = trial.stored()
    assert expected.pixels.shape == (8, 64, 64, 3)
    assert len({each.tobytes() for each in expected.pixels}) == 8
    assert expected.pixels.reshape(8, -1).std(axis=1).min() > 10  # none is blank
    assert expected.losses.shape == (3,)
    assert (expected.losses > 0).all()


def test_this_cpu_makes_what_is_stored() -> None:
    outcome, cost = trial.attempt("cpu", "float32")
    assert states(outcome, trial.stored()) == ["right", "right"]
    assert cost.images_per_second > 0
    assert cost.peak_mb > 100


def test_values_of_other_weights_are_named_with_what_makes_them_anew(
    copied_miniature: Path,
) -> None:
    path = copied_miniature / trial.FILE
    path.write_bytes(trial.packed(trial.stored(), "00" * 32))
    manifest(copied_miniature)
    (found,) = trial.examine("cpu")
    assert found.state == "wrong"
    assert f"{path} is of other weights than those beside it" in found.found
    assert f"`python -m sdd_bench.miniature.trial --weights {copied_miniature}`" in found.found
    path.unlink()
    manifest(copied_miniature)
    (found,) = trial.examine("cpu")
    assert found.state == "wrong"


# --- what is off --------------------------------------------------------------------------------


def test_a_picture_or_a_loss_that_is_off_is_noticed() -> None:
    expected = trial.stored()
    assert states(expected, expected) == ["right", "right"]
    levels = expected.pixels.copy()
    levels[5] ^= 1  # one level everywhere in one of the pictures
    assert states(replace(expected, pixels=levels), expected) == ["wrong", "right"]
    corner = expected.pixels.copy()
    corner[0, :3, :3] ^= 128  # 27 of 12,288 values are 0.22 %
    assert states(replace(expected, pixels=corner), expected) == ["wrong", "right"]
    assert states(replace(expected, losses=expected.losses * 1.02), expected) == ["right", "wrong"]
    assert states(replace(expected, losses=expected.losses * np.nan), expected) == [
        "right",
        "wrong",
    ]


def test_a_sampler_that_is_off_is_noticed(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, _ = trial.attempt("cpu", "float32")
    step = PNDM.step

    def coarse(self: PNDM, estimate: Tensor, latents: Tensor) -> Tensor:
        return step(self, estimate.bfloat16().float(), latents)

    monkeypatch.setattr(PNDM, "step", coarse)
    outcome, _ = trial.attempt("cpu", "float32")
    assert states(outcome, expected) == ["wrong", "right"]


def test_it_runs_on_another_device_and_notices_what_is_left_on_the_cpu(
    brief: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = trial.attempt("cpu", "float32")
    with double():
        found = trial._tried("cuda", "float32", expected)
        assert [each.state for each in found] == ["right", "right", "right"]
        stack: Any = TextReader._stack
        monkeypatch.setattr(TextReader, "_stack", lambda *given: leave_on_cpu(stack(*given)))
        (failed,) = trial._tried("cuda", "float32", expected)
    assert failed.state == "wrong"
    assert failed.found.startswith("failed: DeviceFault: aten::")
    assert failed.remedy.startswith("trust no number of this device")


# --- the command --------------------------------------------------------------------------------


def test_the_doctor_says_whether_a_device_can_be_trusted(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trial.stored()
    tried = []

    def attempt(device: str, dtype: str) -> tuple[trial.Outcome, trial.Cost]:
        tried.append((device, dtype))
        return expected, COST

    monkeypatch.setattr(trial, "attempt", attempt)
    assert shell("doctor", "--results", shell.results).code == 0
    assert tried == []
    answer = shell("doctor", "--results", shell.results, "--device", "cpu")
    assert answer.code == 0, answer.out
    assert tried == [("cpu", "float32"), ("cpu", "bfloat16")]
    assert "2.5 images per second, 1.2 GB at most" in " ".join(answer.out.split())
    grey = replace(expected, pixels=np.full_like(expected.pixels, 127))
    monkeypatch.setattr(trial, "attempt", lambda device, dtype: (grey, COST))
    line = shell.fails(3, "doctor", "--results", shell.results, "--device", "cpu")
    assert "cpu, float32: 8 pictures" in line
    assert line.endswith("; see the table")


def test_a_device_that_is_not_there_is_one_sentence(shell: Shell) -> None:
    line = shell.fails(3, "doctor", "--results", shell.results, "--device", "cuda:99")
    assert line.startswith("error: no CUDA device on this machine for --device cuda:99")
    assert "no device 'gpu'" in shell.fails(2, "doctor", "--device", "gpu")
