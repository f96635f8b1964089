"""Changed U-Net weights from a file or folder, whatever tool wrote it.

Understood are checkpoints of ours, a U-Net in the format of diffusers or of the original Stable
Diffusion (file or folder), files with some of its tensors (ESD's format of 2025), LoRA adapters.
`state_dicts` reads them, `naming` and `adapters` make them tensors of this U-Net.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from safetensors.torch import save
from torch import Tensor, nn

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError
from sdd_bench.runs.identity import TrainSpec
from sdd_bench.weights import content
from sdd_bench.weights.content import shown

from . import adapters, naming, state_dicts
from .trainee import swapped

Role: TypeAlias = Literal["student", "teacher"]
ROLES: tuple[Role, ...] = ("student", "teacher")

METADATA = "sdd_bench"
"""The one metadata entry of our files: several would be written in no fixed order."""

_MOST = 20
"""A file has at most so many times the bytes of a U-Net in single precision: an optimizer's state
and averages may be in it, endless things are not."""

_LEAST = 64 << 20
"""Bytes that are read however small the U-Net is."""


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
    parameters = dict(bundle.unet.named_parameters())
    most = _LEAST + _MOST * 4 * sum(each.numel() for each in parameters.values())
    held = state_dicts.read(path, most)
    if METADATA in held.metadata:
        kind = _ours(held.path, held.metadata[METADATA], bundle)
        tensors = _of_role(dict(held.tensors), role)
    else:
        tensors = naming.plain(path, held.tensors, bundle.unet, parameters.keys())
        part = f"{len(tensors)} of {len(parameters)} tensors of a U-Net"
        kind = "a whole U-Net" if parameters.keys() <= tensors.keys() else part
        if adapters.is_adapter(tensors):
            kind, tensors = adapters.merged(replace(held, tensors=tensors), parameters)
    if path.is_dir() and held.path.name != "diffusion_pytorch_model.safetensors":
        kind += f" ({held.path.relative_to(path)})"
    _check_shapes(path, tensors, parameters)
    tensors = state_dicts.weights(path, tensors)
    _check_sizes(path, tensors, bundle)
    return Checkpoint(kind, tensors)


def roles(step: Path) -> tuple[Role, ...]:
    """Whose weights a file on the way of a training holds. Raises InputError."""
    try:
        held = {name.partition("/")[0] for name in content.tensors(step)}
    except ContentError as error:
        raise InputError(f"{step} {error}") from error
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


def _check_shapes(
    path: Path, tensors: Mapping[str, Tensor], parameters: Mapping[str, nn.Parameter]
) -> None:
    """Raise InputError with the first tensor that doesn't fit the U-Net."""
    for name, tensor in tensors.items():
        if name not in parameters:
            raise InputError(
                f"{path} is of another architecture: this U-Net has no tensor {shown(name)}"
            )
        if tensor.shape != parameters[name].shape:
            raise InputError(
                f"{path} is of another architecture: its {shown(name)} is {tuple(tensor.shape)}, "
                f"this U-Net's is {tuple(parameters[name].shape)}"
            )


def _check_sizes(path: Path, tensors: Mapping[str, Tensor], bundle: Bundle) -> None:
    """Raise InputError with the first tensor that would be infinite in the model's precision."""
    largest = torch.finfo(bundle.dtype).max
    for name, tensor in tensors.items():
        if tensor.numel() and float(tensor.abs().max()) > largest:
            raise InputError(
                f"{path} has numbers in {shown(name)} that are too large for "
                f"{bundle.dtype_name}: give --dtype float32"
            )


# --- writing ----------------------------------------------------------------------------------


def pack(tensors: Mapping[str, Tensor], spec: TrainSpec, iterations: int) -> bytes:
    """The file of changed tensors, with what made them."""
    described = json.dumps(asdict(spec) | {"iterations": iterations}, sort_keys=True)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(plain, {METADATA: described})
