"""Trainings and runs for those who watch them elsewhere: TensorBoard, Weights & Biases, MLflow.

Each is an optional package; what is logged lies in the results folder in any case.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from sdd_bench import files
from sdd_bench.errors import MissingError, unknown


class Tracker(Protocol):
    """Receives the rows of a training's log, or the values of a run."""

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """The values of one iteration, by name."""
        ...

    def close(self) -> None:
        """Write what is buffered."""
        ...


class Described(Tracker, Protocol):
    """A tracker that keeps what it is about, too."""

    def describe(self, about: Mapping[str, str]) -> None:
        """What it is that is logged, by name."""
        ...


class _Nothing:
    def describe(self, about: Mapping[str, str]) -> None:
        """Nobody watches."""

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """Nobody watches."""

    def close(self) -> None:
        """Nothing was opened."""


class _TensorBoard:
    def __init__(self, folder: Path, name: str) -> None:
        self._writer: Any = _module(MODULES["tensorboard"], "tensorboard").SummaryWriter(
            folder / "tensorboard" / name
        )

    def describe(self, about: Mapping[str, str]) -> None:
        for key, value in about.items():
            self._writer.add_text(key, value)

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        for key, value in values.items():
            self._writer.add_scalar(key, value, iteration)

    def close(self) -> None:
        self._writer.close()


class _WandB:
    def __init__(self, folder: Path, name: str) -> None:
        # Nothing leaves this machine, and nobody needs an account, unless WANDB_MODE says so.
        mode = None if os.environ.get("WANDB_MODE") else "offline"
        self._run: Any = _module("wandb", "wandb").init(
            project="sdd-bench", name=name, dir=str(folder), mode=mode
        )

    def describe(self, about: Mapping[str, str]) -> None:
        self._run.config.update(dict(about))

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=iteration)

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    def __init__(self, folder: Path, name: str) -> None:
        self._mlflow: Any = _module("mlflow", "mlflow")
        if not self._mlflow.is_tracking_uri_set():  # no MLFLOW_TRACKING_URI: a database of our own
            self._mlflow.set_tracking_uri(f"sqlite:///{(folder / 'mlflow.db').resolve()}")
        self._mlflow.start_run(run_name=name, nested=True)

    def describe(self, about: Mapping[str, str]) -> None:
        self._mlflow.log_params(dict(about))

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        # It knows no "@" and its like in names.
        named = {re.sub(r"[^\w/. :-]", "_", key): value for key, value in values.items()}
        self._mlflow.log_metrics(named, step=iteration)

    def close(self) -> None:
        self._mlflow.end_run()


TRACKERS: dict[str, Callable[[Path, str], Described]] = {
    "tensorboard": _TensorBoard,
    "wandb": _WandB,
    "mlflow": _MLflow,
}


MODULES = {"tensorboard": "torch.utils.tensorboard", "wandb": "wandb", "mlflow": "mlflow"}
"""What each of them is imported as."""


def check(kind: str | None) -> None:
    """Raises as `tracker` does, before there is anything to track."""
    if kind is not None:
        if kind not in TRACKERS:
            raise unknown("tracker", kind, TRACKERS)
        _module(MODULES[kind], kind)


def tracker(kind: str | None, folder: Path, name: str) -> Described:
    """A tracker that writes below `folder`. Raises InputError, MissingError without its package."""
    check(kind)
    if kind is None:
        return _Nothing()
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return TRACKERS[kind](folder, name)


def _module(name: str, package: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingError(
            f"--log {package} needs the package {package} ({error}): pip install {package}"
        ) from error
