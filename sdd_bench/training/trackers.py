"""Training curves for those who watch them elsewhere: TensorBoard, Weights & Biases, MLflow.

Each is an optional package; the log in the training folder is written in any case.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from sdd_bench import files
from sdd_bench.errors import MissingError, unknown


class Tracker(Protocol):
    """Receives the rows of a training's log."""

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """The values of one iteration, by name."""
        ...

    def close(self) -> None:
        """Write what is buffered."""
        ...


class _Nothing:
    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """Nobody watches."""

    def close(self) -> None:
        """Nothing was opened."""


class _TensorBoard:
    def __init__(self, folder: Path, name: str) -> None:
        self._writer: Any = _module("torch.utils.tensorboard", "tensorboard").SummaryWriter(
            folder / "tensorboard" / name
        )

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        for key, value in values.items():
            self._writer.add_scalar(key, value, iteration)

    def close(self) -> None:
        self._writer.close()


class _WandB:
    def __init__(self, folder: Path, name: str) -> None:
        self._run: Any = _module("wandb", "wandb").init(
            project="sdd-bench", name=name, dir=str(folder)
        )

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=iteration)

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    def __init__(self, folder: Path, name: str) -> None:
        self._mlflow: Any = _module("mlflow", "mlflow")
        if not self._mlflow.is_tracking_uri_set():  # no MLFLOW_TRACKING_URI: a database of our own
            self._mlflow.set_tracking_uri(f"sqlite:///{(folder / 'mlflow.db').resolve()}")
        self._mlflow.start_run(run_name=name)

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(values), step=iteration)

    def close(self) -> None:
        self._mlflow.end_run()


TRACKERS: dict[str, Callable[[Path, str], Tracker]] = {
    "tensorboard": _TensorBoard,
    "wandb": _WandB,
    "mlflow": _MLflow,
}


def tracker(kind: str | None, folder: Path, name: str) -> Tracker:
    """A tracker that writes below `folder`. Raises InputError, MissingError without its package."""
    if kind is None:
        return _Nothing()
    if kind not in TRACKERS:
        raise unknown("tracker", kind, TRACKERS)
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
