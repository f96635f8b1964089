"""Tensors by name, out of a file or folder of any tool: bounded, and without running its code."""

from __future__ import annotations

import logging
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError
from sdd_bench.weights import content, parts
from sdd_bench.weights.content import shown

log = logging.getLogger(__name__)

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""Number types of weights; everything else counts, points or is quantised."""

_STEMS = ("diffusion_pytorch_model", "unet/diffusion_pytorch_model")
_ADAPTERS = ("adapter_model", "pytorch_lora_weights")
_TEXTS = ("model", "pytorch_model")
_TEXTS_BELOW = ("text_encoder/model", "text_encoder/pytorch_model")
"""What diffusers, PEFT and transformers call a U-Net, an adapter and a text encoder in a folder."""

_INDEX = re.compile(r".+\.(?:safetensors|bin)\.index\.json")

_DEPTH = 2
"""Dicts around a state dict that are looked into. In the third an optimizer keeps its tensors."""

_SHOWN = 5
"""How many names are given of more."""


@dataclass(frozen=True, slots=True)
class StateDict:
    """What a tool wrote, by its own names."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    """Texts that a safetensors file has beside its tensors."""
    path: Path
    """The file, or the first of its parts."""


def read(path: Path, most: int) -> StateDict:
    """The tensors of a file or folder, of at most so many bytes. Raises InputError."""
    try:
        found = _found(path)
        paths = [each for _, part in found for each in part.paths]
        held = sum(content.size(each) for each in paths)
    except ContentError as error:
        raise _refusal(path, error) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if held > most:
        raise InputError(
            f"{path} has {held:,} bytes, many times those of this model's U-Net ({most:,} at "
            "most are read): give a file with the U-Net's weights alone"
        )
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, str] = {}
    for before, part in found:
        of_part, beside = _of(path, part)
        tensors |= {before + name: tensor for name, tensor in of_part.items()}
        metadata = metadata or beside
    return StateDict(tensors, metadata, paths[0])


def _of(path: Path, found: parts.Found) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of one file or of all its parts, and the metadata. Raises InputError."""
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, str] = {}
    for each in found.paths:
        everything, metadata = load(each)
        for name, tensor in _state_dict(each, everything).items():
            if name in tensors:
                raise InputError(f"{path} has the tensor {shown(name)} in two of its parts")
            tensors[name] = tensor
    if found.part_of is not None and found.part_of.keys() != tensors.keys():
        odd = min(found.part_of.keys() ^ tensors.keys())
        where = "its index" if odd in found.part_of else "its parts"
        raise InputError(
            f"{path} has the tensor {shown(odd)} in {where} alone: the parts are not those of the "
            "index, so copy both again"
        )
    return tensors, metadata


def load(path: Path) -> tuple[object, dict[str, str]]:
    """What a file holds, on the CPU, and the metadata if it is safetensors. Raises InputError."""
    try:
        if content.format_of(path) == "torch":
            return _unpickled(path), {}
        with safe_open(path, "pt") as file:
            metadata = dict(file.metadata() or {})
        return load_file(path), metadata
    except ContentError as error:
        raise _refusal(path, error) from error
    except (OSError, SafetensorError) as error:
        raise _refusal(path, f"is damaged or cut off ({content.fault(error)})") from error


def weights(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of the tensors, if all of them can be weights. Raises InputError."""
    return {name: _weight(path, name, tensor) for name, tensor in tensors.items()}


# --- which files ------------------------------------------------------------------------------


def _found(path: Path) -> list[tuple[str, parts.Found]]:
    """The files behind a path, each with what goes before its names. Raises ContentError, and
    InputError for folders without weights.
    """
    if not path.is_dir():
        if _INDEX.fullmatch(path.name):
            return [("", parts.of_index(path))]
        if parts.is_part(path):
            raise ContentError("is one part of several: give their index, or the folder")
        return [("", parts.Found((path,)))]
    unets, adapters, bare, texts = (
        [found for stem in stems if (found := parts.find(*_split(path, stem)))]
        for stems in (_STEMS, _ADAPTERS, _TEXTS, _TEXTS_BELOW)
    )
    if unets and adapters:
        raise InputError(
            f"{path} holds a U-Net ({unets[0].paths[0].name}) and an adapter "
            f"({adapters[0].paths[0].name}): give the file that is meant"
        )
    # A bare `model` is whatever its tensors say; below `text_encoder` it is one.
    chosen = [("", each) for each in (unets or adapters or bare)[:1]]
    if not adapters and (not bare or unets):
        chosen += [("text_encoder.", each) for each in texts[:1]]
    if chosen:
        return chosen
    names = [each.name for each in files.find(path, "*")]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    raise InputError(
        f"{path} is no checkpoint: it has neither {_STEMS[0]}.safetensors nor "
        f"{_STEMS[1]}.safetensors nor an adapter nor a text encoder's model.safetensors, but "
        f"{', '.join(map(shown, names[:_SHOWN])) or 'nothing'}{more}; give the file that is meant"
    )


def _split(folder: Path, stem: str) -> tuple[Path, str]:
    return (folder / stem).parent, Path(stem).name


def _refusal(path: Path, reason: object) -> InputError:
    text = str(reason)
    if text.startswith(str(path)):  # it names a file below the path by itself
        return InputError(f"{text}")
    if text == "is missing":
        return InputError(f"there is no checkpoint {path}")
    return InputError(f"{path} is no state dict that can be read safely: it {text}")


# --- what is in a file ------------------------------------------------------------------------


def _unpickled(path: Path) -> object:
    """What torch.save wrote. Raises ContentError, never with torch's advice (to run it)."""
    if zipfile.is_zipfile(path):
        _check_sizes(path)
    try:
        # By its bytes: torch would go by the name of a path.
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd pickles: they load, or the error says why
            held: object = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f" ({named[1]})" if named else ""
        raise ContentError(
            f"is damaged, or a pickle that holds more than tensors{what}, and no code of a file is "
            "run: have its maker save the state dict alone, best as safetensors"
        ) from error
    except Exception as error:  # a pickle can raise whatever it likes
        raise ContentError(
            "is a pickle that is damaged or cut off, or an archive of another kind (TorchScript, "
            "npz): copy it again, or have its maker save the state dict as safetensors"
        ) from error
    return held


def _check_sizes(path: Path) -> None:
    """Raise ContentError for an archive that would grow: torch.save packs nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ContentError("is an archive that is damaged or cut off: copy it again") from error
    length = content.size(path)
    if unpacked > length:
        raise ContentError(
            f"is a packed archive ({length:,} bytes that unpack to {unpacked:,}), which torch.save "
            "never writes: save it again with torch.save"
        )


def _state_dict(path: Path, held: object) -> Mapping[str, Tensor]:
    """The one state dict in what a file holds, at the top or below a key."""
    if _is_state_dict(held):
        return held
    if not isinstance(held, Mapping) or not held:
        raise InputError(
            f"{path} holds no state dict: a dict from names to tensors is expected, and this is "
            f"{'an empty' if isinstance(held, Mapping) else 'a'} {type(held).__name__}"
        )
    found = list(_below(held, (), set()))
    if len(found) > 1:
        names = " and ".join(shown(".".join(keys)) for keys, _ in found[:_SHOWN])
        raise InputError(
            f"{path} holds weights below {names}, and nothing says which are meant: save those of "
            "the U-Net alone"
        )
    if not found:
        odd = next(
            (name for name, each in held.items() if not isinstance(each, Tensor)),
            next((name for name in held if not isinstance(name, str)), None),
        )
        what = "has no name" if isinstance(held[odd], Tensor) else "is no tensor"
        raise InputError(f"{path} holds no state dict: its entry {shown(odd)} {what}")
    keys, weights = found[0]
    beside = [shown(name) for name in held if str(name) != keys[0]]
    if beside:
        more = f" and {len(beside) - _SHOWN} more" if len(beside) > _SHOWN else ""
        log.info(
            "%s: the weights below %s are read, and nothing of %s%s beside them",
            path,
            shown(".".join(keys)),
            ", ".join(beside[:_SHOWN]),
            more,
        )
    return weights


def _below(
    held: Mapping[object, object], above: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Tensor]]]:
    """The state dicts below the keys of a dict, each once: a pickle may hold itself."""
    for key, value in held.items():
        if not isinstance(value, Mapping) or id(value) in seen:
            continue
        seen.add(id(value))
        keys = (*above, str(key))
        if _is_state_dict(value):
            yield keys, value
        elif len(keys) < _DEPTH:
            yield from _below(value, keys, seen)


def _is_state_dict(held: object) -> TypeGuard[Mapping[str, Tensor]]:
    return (
        isinstance(held, Mapping)
        and bool(held)
        and all(isinstance(key, str) and isinstance(each, Tensor) for key, each in held.items())
    )


def _weight(path: Path, name: str, tensor: Tensor) -> Tensor:
    """A tensor as a weight: real numbers, all there, all finite."""
    label = f"{path} holds no weights: its tensor {shown(name)}"
    if tensor.is_meta:
        raise InputError(f"{label} has a shape and no content (device 'meta'): save it again")
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
        raise InputError(f"{label} is sparse, nested or quantised: save it as a plain tensor")
    if tensor.dtype not in FLOATS:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise InputError(
            f"{label} is of type {kind}, not of a floating type; a quantised model has to be "
            "saved in half precision first"
        )
    if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
        raise InputError(f"{label} repeats fewer numbers than its shape has: save it as they are")
    plain = tensor.detach()
    if not bool(torch.isfinite(plain).all()):
        raise InputError(f"{label} has numbers that are not finite (NaN or infinite)")
    # Safetensors are a view of their file: whoever overwrites that would change a run's weights.
    return plain.clone(memory_format=torch.contiguous_format)
