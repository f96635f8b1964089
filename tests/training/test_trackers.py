"""Trackers: what tensorboard gets, and a package that lacks."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

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
