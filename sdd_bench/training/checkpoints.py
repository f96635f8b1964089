"""Changed U-Net weights from a file or folder, whatever tool wrote it.

Understood are checkpoints of ours, a U-Net in the format of diffusers or of the original Stable
Diffusion (file or folder), files with some of its tensors (ESD's format of 2025), LoRA adapters.
`state_dicts` reads them, `naming` and `adapters` make them tensors of this U-Net.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from sdd_bench import files
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError
from sdd_bench.weights import content
from sdd_bench.weights.content import shown

from . import adapters, naming, state_dicts
from .packed import METADATA, Origin, origin
from .trainee import swapped

Role: TypeAlias = Literal["student", "teacher"]
ROLES: tuple[Role, ...] = ("student", "teacher")

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
    origin: Origin | None = None
    """The training of ours that they are of."""

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
    made: Origin | None = None
    if METADATA in held.metadata:
        made = _ours(held.path, held.metadata[METADATA], bundle)
        kind = made.kind
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
    return Checkpoint(kind, tensors, made)


def roles(step: Path) -> tuple[Role, ...]:
    """Whose weights a file on the way of a training holds. Raises InputError."""
    try:
        held = {name.partition("/")[0] for name in content.tensors(step)}
    except ContentError as error:
        raise InputError(f"{step} {error}") from error
    return tuple(role for role in ROLES if role in held)


def is_own(checkpoint: Checkpoint, bundle: Bundle) -> bool:
    """Whether the weights are those that the bundle's U-Net has, in its precision."""
    parameters = dict(bundle.unet.named_parameters())
    return all(
        torch.equal(parameters[name].detach().cpu(), tensor.to(bundle.dtype))
        for name, tensor in checkpoint.tensors.items()
    )


@contextmanager
def applied(bundle: Bundle, checkpoint: Checkpoint | None) -> Iterator[None]:
    """Within it, the bundle's U-Net has the checkpoint's weights."""
    if checkpoint is None:
        yield
        return
    parameters = dict(bundle.unet.named_parameters())
    # Laid out as the model's own: of a convolution of one pixel two layouts look alike, and the
    # last bits of its result depend on which it has.
    tensors = {
        name: torch.empty_like(parameters[name].data).copy_(tensor)
        for name, tensor in checkpoint.tensors.items()
    }
    try:
        with swapped(parameters, tensors):
            bundle.text.forget()
            yield
    finally:
        bundle.text.forget()


# --- reading ----------------------------------------------------------------------------------


def _ours(path: Path, metadata: str, bundle: Bundle) -> Origin:
    """What a file of ours is; it has to be whole, and to belong to the model."""
    try:
        files.check_seal(path)
        found = origin(metadata)
    except files.ContentError as error:
        raise InputError(
            f"{path} is damaged: {error}; the `sdd-bench train` that made it makes it again"
        ) from error
    if found.spec.get("model_hash") != bundle.hash:
        raise InputError(
            f"{path} was trained on another model ('{found.spec.get('model')}') than "
            f"'{bundle.spec.name}': name that one with --model"
        )
    return found


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
    widest = bundle.dtype == torch.float32
    remedy = "they are no weights of a U-Net" if widest else "give --dtype float32"
    for name, tensor in tensors.items():
        if tensor.numel() and float(tensor.abs().max()) > largest:
            raise InputError(
                f"{path} has numbers in {shown(name)} that are too large for "
                f"{bundle.dtype_name}: {remedy}"
            )
