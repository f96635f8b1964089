"""Where a training stands, in a file: all that its next iteration depends on."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

import torch
from torch import Tensor

from sdd_bench import files
from sdd_bench.errors import InputError

from .checkpoints import METADATA
from .state_dicts import load

STATE = "state.pt"

FORMER_STATE = "state.safetensors"
"""What STATE was called when each tensor of the optimizer was named like a weight."""


class State(TypedDict):
    """What is kept of a training between two iterations."""

    done: int
    """Iterations done."""
    weights: dict[str, Tensor]
    """Weights of `student/` and, where there is an average, of `teacher/`."""
    optimizer: dict[str, Any]
    """The optimizer's state_dict."""
    scaler: dict[str, Any]
    """The gradient scaler's state_dict."""


def write(folder: Path, state: State) -> None:
    """Replace the state of the training in a folder."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    files.write(folder / STATE, buffer.getbuffer())


def read(folder: Path, names: Sequence[str], groups: object) -> State | None:
    """The state of the training in a folder, None if there is none. Raises InputError.

    `names` are the trained parameters in the optimizer's order and `groups` its settings: a former
    state needs them.
    """
    path, former = folder / STATE, folder / FORMER_STATE
    if path.exists():
        held, _ = load(path)
        if not isinstance(held, dict) or held.keys() != State.__required_keys__:
            raise InputError(f"{path} holds no state of a training")
        return cast("State", held)
    return _former(former, names, groups) if former.exists() else None


def _former(path: Path, names: Sequence[str], groups: object) -> State:
    """A state whose optimizer is `optimizer/<field>/<parameter>` among the weights."""
    held, metadata = load(path)
    weights, about = cast("dict[str, Tensor]", held), json.loads(metadata[METADATA])
    moments: dict[str, dict[str, Tensor]] = {name: {} for name in names}
    for key in [key for key in weights if key.startswith("optimizer/")]:
        _, field, name = key.split("/")
        moments[name][field] = weights.pop(key)
    whole = {"growth_interval", "_growth_tracker"}  # which it kept as fractions
    return {
        "done": about["done"],
        "weights": weights,
        "optimizer": {"state": dict(enumerate(moments.values())), "param_groups": groups},
        "scaler": {key: int(v) if key in whole else v for key, v in about["scaler"].items()},
    }
