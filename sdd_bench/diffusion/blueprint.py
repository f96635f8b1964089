"""What a model's folder promises, held against what its files hold before anything is loaded.

A library believes a configuration: it draws tensors that are missing at random, leaves out those
that it doesn't expect, and makes room for whatever numbers it is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError
from sdd_bench.weights import content, parts
from sdd_bench.weights.content import shown

_LARGEST = 1 << 31
"""No number of a configuration is beyond it."""

_LATENT_SIDE = 1024
"""Pixels of a latent's side; those of Stable Diffusion have 64."""

_LAYERS = ("layers_per_block", "transformer_layers_per_block", "num_hidden_layers")
_BLOCKS = ("down_block_types", "up_block_types", "block_out_channels")
"""Fields of configurations that count layers, each of which has tensors."""

_STEPS = 100_000
"""Steps that a noise schedule may have been trained with; those of Stable Diffusion have 1000."""

_FLOATS = {"F16", "BF16", "F32", "F64"}

_CONDITIONS = ("addition_embed_type", "class_embed_type", "encoder_hid_dim", "num_class_embeds")
"""What a U-Net may want to be told beside a time and a text."""


def check(kind: Any, folder: Path, stem: str) -> str | None:
    """Raise ContentError if a network's files can't be what they should be; returns the variant.

    `kind` is the class of a network of diffusers or transformers, and `stem` what it calls weights.
    """
    found = parts.find(folder, stem, ("safetensors",))
    if found is None:
        raise ContentError(_no_weights(folder, stem))
    tensors: dict[str, content.Tensor] = {}
    for path in found.paths:
        try:
            tensors |= content.tensors(path)
        except ContentError as error:
            raise ContentError(f"{path} {error}") from error
    for name, tensor in tensors.items():
        if tensor.kind not in _FLOATS and not name.endswith("position_ids"):
            raise ContentError(
                f"{folder} has the weights {shown(name)} of the type {tensor.kind}: a quantised "
                "model has to be saved in half precision first"
            )
    path = folder / "config.json"
    config = parts.described(path, dict[str, Any])
    _check_numbers(path, config, len(tensors))
    _check_class(path, config, kind)
    promised = _promised(path, kind, config)
    held = sum(tensor.numbers for tensor in tensors.values())
    if promised > held:
        raise ContentError(
            f"{path} describes a network of {promised:,} numbers, and the weights beside it are "
            f"{held:,}: they are not of one model"
        )
    return found.variant


def check_files(folder: Path, names: tuple[str, ...]) -> None:
    """Raise ContentError for a pipe or device among what is read of a model's folders."""
    for name in names:
        for path in files.find(folder / name, "**/*"):
            if path.suffix in {".json", ".safetensors", ".txt"}:
                _size(path)
    for path in files.find(folder / "tokenizer", "*"):
        if path.is_file() and path.stat().st_size > parts.INDEX_BYTES:
            raise ContentError(f"{path} has {path.stat().st_size:,} bytes, which no tokenizer has")


def check_fit(folder: Path, unet: Any, vae: Any, encoder: Any, tokenizer: Any) -> None:
    """Raise InputError if the parts are not those of a Stable Diffusion that can be run."""
    config = unet.config
    for field in _CONDITIONS:
        if getattr(config, field, None) is not None:
            raise InputError(
                f"{folder}: the U-Net wants to be told more than a time and a text ({field}); only "
                "models like Stable Diffusion 1.x can be run"
            )
    side = config.sample_size
    if not _whole(side, 1, _LATENT_SIDE):
        raise InputError(
            f"{folder}: sample_size of the U-Net is {side!r:.40}; a whole number from 1 to "
            f"{_LATENT_SIDE} is expected"
        )
    if not config.in_channels == config.out_channels == vae.config.latent_channels:
        raise InputError(
            f"{folder}: the U-Net makes {config.out_channels} channels of {config.in_channels}, "
            f"and the VAE has {vae.config.latent_channels}; only models that draw whole pictures "
            "(no inpainting) can be run"
        )
    width, read = encoder.config.hidden_size, config.cross_attention_dim
    if read != width:
        raise InputError(
            f"{folder}: the U-Net reads texts of width {read}, and the text encoder writes "
            f"{width}: they are not of one model"
        )
    longest, most = tokenizer.model_max_length, encoder.config.max_position_embeddings
    if not _whole(longest, 2, most):
        raise InputError(
            f"{folder}: the tokenizer cuts texts to {longest!r:.40} tokens, and the text encoder "
            f"reads {most}: set model_max_length in tokenizer/tokenizer_config.json"
        )
    if tokenizer.pad_token_id is None or tokenizer.eos_token_id is None:
        raise InputError(
            f"{folder}: the tokenizer has no token for the end of a text or what comes after: set "
            "eos_token and pad_token in tokenizer/tokenizer_config.json"
        )
    if len(tokenizer) > encoder.config.vocab_size:
        raise InputError(
            f"{folder}: the tokenizer has {len(tokenizer):,} tokens, and the text encoder "
            f"{encoder.config.vocab_size:,}: they are not of one model"
        )


def check_schedule(path: Path, config: Mapping[str, Any]) -> None:
    """Raise ContentError for a noise schedule of absurd length."""
    steps = config.get("num_train_timesteps", 1000)
    if not _whole(steps, 1, _STEPS):
        raise ContentError(
            f"{path} has num_train_timesteps {steps!r:.40}; a whole number from 1 to {_STEPS:,} is "
            "expected"
        )
    offset = config.get("steps_offset", 0)
    if not _whole(offset, 0, steps - 1):
        raise ContentError(
            f"{path} has steps_offset {offset!r:.40}; a whole number below {steps} is expected"
        )
    given = config.get("trained_betas")
    if given is not None and (not isinstance(given, list) or len(given) != steps):
        raise ContentError(f"{path} has trained_betas that are not {steps} numbers")


# --- details ----------------------------------------------------------------------------------


def _whole(value: object, low: int, high: int) -> bool:
    """Whether a value is a whole number from low to high."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _no_weights(folder: Path, stem: str) -> str:
    """What to say of a folder that has no safetensors of that name."""
    if parts.find(folder, stem, ("bin",)):
        return (
            f"{folder} has weights as .bin alone, in which code can hide: save the model again "
            "with diffusers (from_pretrained, save_pretrained), which writes safetensors"
        )
    return f"{folder} has no {stem}.safetensors: diffusers writes it by save_pretrained"


def _size(path: Path) -> int:
    try:
        return 0 if path.is_dir() else content.size(path)
    except ContentError as error:
        raise ContentError(f"{path} {error}") from error


def _check_numbers(path: Path, config: Mapping[str, Any], tensors: int) -> None:
    """Raise ContentError for numbers that no network has."""
    for name, number in _numbers(config):
        if not math.isfinite(number) or abs(number) > _LARGEST:
            raise ContentError(f"{path} has {number!r:.40} for {shown(name)}, which is absurd")
    layers = 1
    for field in _LAYERS:
        layers *= max([1, *(int(abs(number)) for _, number in _numbers(config.get(field)))])
    layers *= max(len(config[field]) if isinstance(config.get(field), list) else 1
                  for field in _BLOCKS)  # fmt: skip
    if layers > tensors:
        raise ContentError(
            f"{path} describes {layers:,} layers, and the weights beside it are {tensors:,} "
            "tensors: they are not of one model"
        )


def _numbers(held: object, name: str = "") -> Iterator[tuple[str, int | float]]:
    """All numbers in a configuration; JSON of more than some depth has been refused before."""
    if isinstance(held, Mapping):
        for key, value in held.items():
            yield from _numbers(value, str(key))
    elif isinstance(held, list):
        for value in held:
            yield from _numbers(value, name)
    elif isinstance(held, (int, float)) and not isinstance(held, bool):
        yield name, held


def _check_class(path: Path, config: Mapping[str, Any], kind: Any) -> None:
    """Raise ContentError for the configuration of another kind of network."""
    if config.get("quantization_config") is not None:
        raise ContentError(
            f"{path} is of a quantised model: it has to be saved in half precision first"
        )
    known = {kind.__name__, "clip_text_model", "clip", None}
    for field in ("_class_name", "model_type"):
        if config.get(field) not in known:
            raise ContentError(
                f"{path} is of a {shown(config[field])}, where a {kind.__name__} is expected; only "
                "models like Stable Diffusion 1.x can be run"
            )


def _promised(path: Path, kind: Any, config: Mapping[str, Any]) -> int:
    """How many numbers the network of a configuration has; none of them takes room."""
    try:
        with torch.device("meta"):
            if hasattr(kind, "config_class") and kind.config_class is not None:
                network = kind(kind.config_class.from_dict(dict(config)))
            else:
                network = kind.from_config(dict(config))
    except Exception as error:  # a configuration can make a library raise whatever it likes
        reason = str(error).strip().partition("\n")[0]
        raise ContentError(f"{path} describes no network ({reason:.200})") from error
    return sum(each.numel() for each in network.parameters())
