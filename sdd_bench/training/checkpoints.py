"""Changed U-Net weights from a file or folder, whatever tool wrote it.

Understood are checkpoints of ours, a U-Net in the diffusers format (folder or state dict), files
with some of its tensors (ESD's format of 2025), and LoRA adapters. State dicts may be safetensors,
or pickles that torch reads with `weights_only=True`: no code in a file is ever run.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.runs.identity import TrainSpec

from .trainee import swapped

Role: TypeAlias = Literal["student", "teacher"]
ROLES: tuple[Role, ...] = ("student", "teacher")

METADATA = "sdd_bench"
"""The one metadata entry of our files: several would be written in no fixed order."""

_UNET_FILE = "diffusion_pytorch_model.safetensors"
_PREFIXES = ("unet.", "base_model.model.")
"""What pipelines and PEFT put before the names of a U-Net's tensors."""

_LORA = re.compile(
    r"(.+?)(?:\.lora_|\.lora\.|_lora\.)(A|B|down|up)(?:\.default)?\.weight|(.+?)\.alpha"
)
"""`<layer>.lora_A.weight` (PEFT), `<layer>.lora.down.weight` and, older, `<layer>_lora.down.weight`
(diffusers), `<layer>.alpha`."""


@dataclass(frozen=True)
class Checkpoint:
    """Tensors that take the place of a U-Net's own."""

    kind: str
    """What the file was taken for, in words."""
    tensors: Mapping[str, Tensor]
    """Tensors by the U-Net's names for its own, on the CPU."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of names and contents: the same weights in another format have the same."""
        total = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            data = tensor.contiguous().flatten().view(torch.uint8).numpy()
            total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
            total.update(data.tobytes())
        return total.hexdigest()


def read(path: Path, bundle: Bundle, role: Role = "teacher") -> Checkpoint:
    """The checkpoint at `path`, checked against the model. Raises InputError.

    `role` says whose weights of a training on the way are meant, where there are both.
    """
    if not path.exists():
        raise InputError(f"there is no checkpoint {path}")
    parameters = dict(bundle.unet.named_parameters())
    if path.is_dir():
        path = _inside(path)
    tensors, metadata = _state_dict(path)
    if METADATA in metadata:
        kind = _ours(path, metadata[METADATA], bundle)
        tensors = _of_role(tensors, role)
    elif any(_LORA.fullmatch(name) for name in tensors):
        kind, tensors = "a LoRA adapter", _merged(path, tensors, parameters)
    else:
        part = f"{len(tensors)} of {len(parameters)} tensors of a U-Net"
        kind = "a whole U-Net" if parameters.keys() <= tensors.keys() else part
    _check(path, tensors, parameters)
    return Checkpoint(kind, tensors)


def roles(step: Path) -> tuple[Role, ...]:
    """Whose weights a file on the way of a training holds."""
    with safe_open(step, "pt") as file:
        held = {name.partition("/")[0] for name in file.keys()}  # noqa: SIM118 - no dict
    return tuple(role for role in ROLES if role in held)


@contextmanager
def applied(bundle: Bundle, checkpoint: Checkpoint | None) -> Iterator[None]:
    """Within it, the bundle's U-Net has the checkpoint's weights."""
    if checkpoint is None:
        yield
        return
    parameters = dict(bundle.unet.named_parameters())
    tensors = {
        name: tensor.to(bundle.device, bundle.dtype).contiguous(
            memory_format=torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
        )
        for name, tensor in checkpoint.tensors.items()
    }
    try:
        with swapped(parameters, tensors):
            bundle.text.forget()
            yield
    finally:
        bundle.text.forget()


# --- reading ----------------------------------------------------------------------------------


def _ours(path: Path, metadata: str, bundle: Bundle) -> str:
    """What a file of ours is; it has to belong to the model."""
    try:
        described = json.loads(metadata)
        method, count = described["method"], described["iterations"]
        model, of = described["model"], described["model_hash"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: its description cannot be read") from error
    if of != bundle.hash:
        raise InputError(
            f"{path} was trained on another model ('{model}') than '{bundle.spec.name}': name that "
            "one with --model"
        )
    return f"{method}, trained by sdd-bench for {count} iterations"


def _of_role(tensors: dict[str, Tensor], role: Role) -> dict[str, Tensor]:
    """A file on the way holds student and teacher, or the student alone; a result holds neither."""
    roles = {name.partition("/")[0] for name in tensors if "/" in name}
    if not roles:
        return tensors
    kept = role if role in roles else "student"
    return {
        name.partition("/")[2]: tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{kept}/")
    }


def _inside(folder: Path) -> Path:
    for candidate in (folder / _UNET_FILE, folder / "unet" / _UNET_FILE):
        if candidate.exists():
            return candidate
    raise InputError(
        f"{folder} is no checkpoint: it has neither {_UNET_FILE} nor unet/{_UNET_FILE}"
    )


def load(path: Path) -> tuple[object, dict[str, str]]:
    """What a file holds, on the CPU, and the metadata if it is safetensors. Raises InputError."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                metadata = dict(file.metadata() or {})
            return load_file(path), metadata
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd pickles: they load, or the error says why
            return torch.load(path, map_location="cpu", weights_only=True), {}
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"{path} is no state dict that can be read safely: {reason}") from error


def _state_dict(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors without the prefixes of their names, and the metadata."""
    held, metadata = load(path)
    if isinstance(held, dict) and isinstance(held.get("state_dict"), dict):
        held = held["state_dict"]
    if not isinstance(held, dict) or not held:
        raise InputError(f"{path} holds no state dict: a dict from names to tensors is expected")
    for name, tensor in held.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise InputError(f"{path} holds no state dict: its entry '{name}' is no tensor")
    return {_plain(name): tensor for name, tensor in sorted(held.items())}, metadata


def _plain(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _check(
    path: Path, tensors: Mapping[str, Tensor], parameters: Mapping[str, nn.Parameter]
) -> None:
    """Raise InputError with the first tensor that doesn't fit the U-Net."""
    for name, tensor in tensors.items():
        if name not in parameters:
            raise InputError(
                f"{path} is of another architecture: this U-Net has no tensor '{name}'"
            )
        if tensor.shape != parameters[name].shape:
            raise InputError(
                f"{path} is of another architecture: its '{name}' is {tuple(tensor.shape)}, this "
                f"U-Net's is {tuple(parameters[name].shape)}"
            )


def _merged(
    path: Path, tensors: Mapping[str, Tensor], parameters: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Weights with their LoRA added: W + (alpha / rank) B A (Hu et al., 2022, section 4.1)."""
    layers: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = _LORA.fullmatch(name)
        if match is None:
            raise InputError(f"{path} looks like a LoRA adapter, but '{name}' is no part of one")
        role = {"A": "down", "B": "up"}.get(match[2], match[2]) or "alpha"
        layer = (match[1] or match[3]).replace(".processor", "")
        layer = re.sub(r"to_out$", "to_out.0", layer)
        layers.setdefault(layer, {})[role] = tensor.float()
    merged = {}
    for layer, parts in layers.items():
        name = f"{layer}.weight"
        if name not in parameters or not {"up", "down"} <= parts.keys():
            raise InputError(
                f"{path} is of another architecture: its adapter of '{layer}' fits no layer of "
                "this U-Net"
            )
        up, down = parts["up"], parts["down"]
        scale = float(parts["alpha"]) / len(down) if "alpha" in parts else 1.0
        change = (up.flatten(1) @ down.flatten(1)).reshape(len(up), *down.shape[1:])
        if change.shape != parameters[name].shape:
            raise InputError(
                f"{path} is of another architecture: its adapter of '{layer}' makes "
                f"{tuple(change.shape)}, this U-Net's weight is {tuple(parameters[name].shape)}"
            )
        merged[name] = parameters[name].detach().cpu().float() + scale * change
    return merged


# --- writing ----------------------------------------------------------------------------------


def pack(tensors: Mapping[str, Tensor], spec: TrainSpec, iterations: int) -> bytes:
    """The file of changed tensors, with what made them."""
    described = json.dumps(asdict(spec) | {"iterations": iterations}, sort_keys=True)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(plain, {METADATA: described})
