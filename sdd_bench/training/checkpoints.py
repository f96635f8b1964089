"""Changed weights of a U-Net or text encoder from a file or folder, whatever tool wrote it.

Understood are checkpoints of ours, a U-Net or a text encoder in the format of diffusers or of the
original Stable Diffusion (file or folder), files with some of its tensors (ESD's format of 2025),
LoRA adapters. `state_dicts` reads them, `naming` and `adapters` make them tensors of this model.
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
    """Tensors that take the place of a model's own."""

    kind: str
    """What the file was taken for, in words."""
    tensors: Mapping[str, Tensor]
    """Tensors by the U-Net's names for its own, and by the text encoder's below `text_encoder.`;
    on the CPU.
    """
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


def read(
    path: Path, bundle: Bundle, role: Role = "teacher", *, strength: float | None = None
) -> Checkpoint:
    """The checkpoint at `path`, checked against the model. Raises InputError.

    `role` says whose weights of a training on the way are meant, where there are both; `strength`
    how much of an adapter is added, None for all of it.
    """
    parameters = naming.parameters(bundle)
    unet = {name for name in parameters if not name.startswith(naming.TEXT)}
    most = _LEAST + _MOST * 4 * sum(parameters[name].numel() for name in unet)
    held = state_dicts.read(path, most)
    made: Origin | None = None
    if METADATA in held.metadata:
        made = _ours(held.path, held.metadata[METADATA], bundle)
        kind, is_adapter = made.kind, False
        tensors = _of_role(dict(held.tensors), role)
    else:
        tensors = naming.plain(path, held.tensors, bundle, parameters.keys())
        is_adapter = adapters.is_adapter(tensors)
        if is_adapter:
            if strength is None:
                adapters.check_one_strength(held)
            held = replace(held, tensors=tensors)
            added = 1.0 if strength is None else strength
            kind, tensors = adapters.merged(held, bundle, parameters, added)
        else:
            kind = _kind(tensors, parameters)
    if strength is not None and not is_adapter:
        raise InputError(f"{path} is {kind}, and only an adapter is added with some strength")
    if path.is_dir() and held.path.name != "diffusion_pytorch_model.safetensors":
        kind += f" ({held.path.relative_to(path)})"
    _check_shapes(path, tensors, parameters)
    tensors = state_dicts.weights(path, tensors)
    _check_sizes(path, tensors, bundle)
    return Checkpoint(kind, _without_own_text(tensors, bundle, parameters), made)


def _kind(names: Mapping[str, Tensor], own: Mapping[str, nn.Parameter]) -> str:
    """What plain tensors are of, in words."""
    said = []
    for what, of_text in (("U-Net", False), ("text encoder", True)):
        there, wanted = (
            sum(name.startswith(naming.TEXT) == of_text for name in each) for each in (names, own)
        )
        if there:
            part = f"{there} of {wanted} tensors of a {what}"
            said.append(f"a whole {what}" if there == wanted else part)
    return " and ".join(said) or "no tensor"


def _without_own_text(
    tensors: dict[str, Tensor], bundle: Bundle, own: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """The tensors; without those of a text encoder beside a U-Net that is the model's as it was."""
    of_text = {name: each for name, each in tensors.items() if name.startswith(naming.TEXT)}
    others = {name: each for name, each in tensors.items() if name not in of_text}
    return others if others and _are_own(of_text, bundle, own) else tensors


def roles(step: Path) -> tuple[Role, ...]:
    """Whose weights a file on the way of a training holds. Raises InputError."""
    try:
        held = {name.partition("/")[0] for name in content.tensors(step)}
    except ContentError as error:
        raise InputError(f"{step} {error}") from error
    return tuple(role for role in ROLES if role in held)


def is_own(checkpoint: Checkpoint, bundle: Bundle) -> bool:
    """Whether the weights are those that the bundle's networks have, in their precision."""
    return _are_own(checkpoint.tensors, bundle, naming.parameters(bundle))


def _are_own(
    tensors: Mapping[str, Tensor], bundle: Bundle, own: Mapping[str, nn.Parameter]
) -> bool:
    return all(
        torch.equal(own[name].detach().cpu(), tensor.to(bundle.dtype))
        for name, tensor in tensors.items()
    )


@contextmanager
def applied(bundle: Bundle, checkpoint: Checkpoint | None) -> Iterator[None]:
    """Within it, the bundle's networks have the checkpoint's weights."""
    if checkpoint is None:
        yield
        return
    parameters = naming.parameters(bundle)
    # Laid out as the model's own: of a convolution of one pixel two layouts look alike, and the
    # last bits of its result depend on which it has.
    tensors = {
        name: torch.empty_like(parameters[name].data).copy_(tensor)
        for name, tensor in checkpoint.tensors.items()
    }
    of_text = any(name.startswith(naming.TEXT) for name in tensors)
    try:
        with swapped(parameters, tensors):
            bundle.text.forget(states=of_text)
            yield
    finally:
        bundle.text.forget(states=of_text)


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
    """Raise InputError with the first tensor that doesn't fit the model."""
    for name, tensor in tensors.items():
        what = "text encoder" if name.startswith(naming.TEXT) else "U-Net"
        if name not in parameters:
            raise InputError(
                f"{path} is of another architecture: this {what} has no tensor {shown(name)}"
            )
        if tensor.shape != parameters[name].shape:
            raise InputError(
                f"{path} is of another architecture: its {shown(name)} is {tuple(tensor.shape)}, "
                f"this {what}'s is {tuple(parameters[name].shape)}"
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
