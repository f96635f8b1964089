"""Where a training stands, in a file: all that its next iteration depends on."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

import torch
from torch import Tensor

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError

from .packed import METADATA
from .state_dicts import load

STATE = "state.pt"

FORMER_STATE = "state.safetensors"
"""What STATE was called when each tensor of the optimizer was named like a weight."""


class State(TypedDict):
    """What is kept of a training between two iterations."""

    digest: str
    """Of the TrainSpec; empty in states of before."""
    done: int
    """Iterations done."""
    rows: list[dict[str, float]] | None
    """The log so far; None in states of before."""
    weights: dict[str, Tensor]
    """Weights of `student/` and, where there is an average, of `teacher/`."""
    optimizer: dict[str, Any]
    """The optimizer's state_dict."""
    scaler: dict[str, Any]
    """The gradient scaler's state_dict."""


_LATER = {"digest": "", "rows": None}
"""What states of before don't have."""

_END = b"PK\x05\x06"
"""What the end of an archive, which a state is, starts with; 22 bytes before its comment."""


def write(folder: Path, state: State) -> None:
    """Replace the state of the training in a folder."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    # The hash is the archive's comment: its length stands in the last two bytes.
    buffer.seek(-22, io.SEEK_END)
    if buffer.read(4) != _END:
        raise ValueError("torch.save wrote no archive without a comment")
    buffer.seek(-2, io.SEEK_END)
    buffer.write(len(files.BLANK).to_bytes(2, "little") + files.BLANK.encode())
    files.write_sealed(folder / STATE, buffer.getbuffer())


def read(path: Path, digest: str, names: Sequence[str], groups: object) -> State | None:
    """The state in a file, STATE or FORMER_STATE; None if there is none. Raises ContentError if it
    is damaged or of another training, SDDBenchError if it cannot be read.

    `names` are the trained parameters in the optimizer's order and `groups` its settings: a former
    state needs them.
    """
    if not files.exists(path):
        return None
    files.check_seal(path)
    try:
        held, metadata = load(path)
    except InputError as error:
        raise ContentError(str(error)) from error
    if metadata:
        held = _former(held, metadata, names, groups)
    if not isinstance(held, dict) or (_LATER | held).keys() != State.__required_keys__:
        raise ContentError("it holds no state of a training")
    state = cast("State", _LATER | held)
    if state["digest"] not in {"", digest}:
        raise ContentError(f"it is of another training, {state['digest']}")
    return state


def _former(
    held: object, metadata: Mapping[str, str], names: Sequence[str], groups: object
) -> dict[str, object]:
    """A state whose optimizer is `optimizer/<field>/<parameter>` among the weights."""
    weights = dict(cast("dict[str, Tensor]", held))
    moments: dict[str, dict[str, Tensor]] = {name: {} for name in names}
    try:
        about = json.loads(metadata[METADATA])
        for key in [key for key in weights if key.startswith("optimizer/")]:
            _, field, name = key.split("/")
            moments[name][field] = weights.pop(key)
        whole = {"growth_interval", "_growth_tracker"}  # which it kept as fractions
        return {
            "digest": about["digest"],
            "done": about["done"],
            "weights": weights,
            "optimizer": {"state": dict(enumerate(moments.values())), "param_groups": groups},
            "scaler": {key: int(v) if key in whole else v for key, v in about["scaler"].items()},
        }
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ContentError("it holds no state of a training") from error
