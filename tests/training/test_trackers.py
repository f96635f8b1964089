"""Trackers: what tensorboard gets, and a package that lacks."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sdd_bench.training import trackers
from support.shell import Shell
from support.training import checkpoint_of, forget


@pytest.fixture
def method(tmp_path: Path) -> str:
    return forget(tmp_path)


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


def test_wandb_needs_no_account_unless_its_own_variable_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    double = ModuleType("wandb")
    monkeypatch.setitem(double.__dict__, "init", lambda **given: modes.append(given["mode"]))
    monkeypatch.setitem(sys.modules, "wandb", double)
    for asked in ("", "online"):
        monkeypatch.setenv("WANDB_MODE", asked)
        trackers.tracker("wandb", tmp_path, "sd")
    assert modes == ["offline", None]  # None leaves it to the variable


def test_mlflow_gets_names_that_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    double = ModuleType("mlflow")
    for name, stands_in in {
        "is_tracking_uri_set": lambda: False,
        "set_tracking_uri": lambda uri: seen.update(uri=uri),
        "start_run": lambda **given: seen.update(given),
        "log_params": seen.update,
        "log_metrics": lambda values, step: seen.update(values, step=step),
        "end_run": lambda: seen.update(ended=True),
    }.items():
        monkeypatch.setitem(double.__dict__, name, stands_in)
    monkeypatch.setitem(sys.modules, "mlflow", double)
    log = trackers.tracker("mlflow", tmp_path, "sd")
    log.describe({"method": "sd"})
    log.log(3, {"nude/toy@0.7": 75.0, "sd + sega: images": 4.0})
    log.close()
    assert seen == {
        "uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "run_name": "sd",
        "nested": True,  # so that it may be called within a run of the user's
        "method": "sd",
        "nude/toy_0.7": 75.0,
        "sd _ sega: images": 4.0,
        "step": 3,
        "ended": True,
    }


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
