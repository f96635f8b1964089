"""LoRA adapters of any tool: W + (alpha / rank) B A (Hu et al., 2022, section 4.1)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from sdd_bench import files
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.files import ContentError
from sdd_bench.weights import parts
from sdd_bench.weights.content import shown

from . import naming, original
from .state_dicts import FLOATS, StateDict, weights

_MATRIX = re.compile(
    r"(.+?)(?:\.lora_|\.lora\.|_lora\.)(A|B|down|up)(?:\.[\w-]+)?\.weight|(.+)\.alpha", re.DOTALL
)
"""`<layer>.lora_A.weight` (PEFT), `<layer>.lora.down.weight` and, older, `<layer>_lora.down.weight`
(diffusers), `<layer>.lora_down.weight` and `<layer>.alpha` (kohya)."""

_KOHYA = "lora_unet_"
_KOHYA_TEXT = ("lora_te_text_model_", "lora_te1_text_model_")
"""Before names of layers that have underscores in place of dots."""

_METADATA = "lora_adapter_metadata"
"""Where diffusers keeps the configuration of PEFT in a file, and PEFT beside it."""
_BESIDE = "adapter_config.json"

_REPLACES = ("corda", "loftq", "olora", "pissa")
"""Initialisations that take something out of the adapted weights, which have to be those then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """What of PEFT's configuration says what an adapter adds."""

    r: int
    lora_alpha: float
    peft_type: str = "LORA"
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    use_rslora: bool | None = False
    use_dora: bool | None = False
    init_lora_weights: bool | str | None = True


@dataclass(slots=True)
class _Layer:
    """What a file says of one layer."""

    up: Tensor | None = None
    down: Tensor | None = None
    alpha: Tensor | None = None
    names: dict[str, str] = field(default_factory=dict)
    """What the file calls each of them."""


def is_adapter(names: Iterable[str]) -> bool:
    """Whether tensors of such names are an adapter's."""
    return any((match := _MATRIX.fullmatch(name)) and match[2] for name in names)


def check_one_strength(held: StateDict) -> None:
    """Raise InputError for an SPM (Lyu et al., 2024), whose strength depends on the prompt.

    Its layers are those of a LoRA; that it is one, its file says by the prompts that it erases.
    """
    prompts = held.metadata.get("prompts")
    if prompts is not None and any(name.startswith(_KOHYA) for name in held.tensors):
        raise InputError(
            f"{held.path} is an SPM adapter of {shown(prompts)}, which its authors add to each "
            "prompt with another strength, and here an adapter has one: give "
            "--checkpoint-strength 1 to add it to every prompt alike (SPM's own multiplier m is a "
            "strength of m x m)"
        )


def merged(
    held: StateDict, bundle: Bundle, parameters: Mapping[str, Tensor], strength: float
) -> tuple[str, dict[str, Tensor]]:
    """What it is, in words, and the model's weights with the adapter added, by their names in
    `parameters`. `strength` multiplies what is added. Raises InputError.
    """
    path = held.path
    configs = {part: list(_configs(held, part)) for part in ("unet.", naming.TEXT)}
    found, scales = {}, set()
    names = _kohyas(bundle, parameters)
    for layer, parts_of in _layers(path, held.tensors, parameters, names).items():
        name = f"{layer}.weight"
        part = naming.TEXT if layer.startswith(naming.TEXT) else "unet."
        change, rank = _change(path, layer, parts_of, parameters[name])
        scale = _scale(path, layer, parts_of, rank, configs[part])
        own = parameters[name].detach().cpu().float()
        found[name] = own + strength * (1.0 if scale is None else scale) * change
        scales.add(scale)
    said = sorted(f"{scale:g}" for scale in scales if scale is not None)
    kind = f"a LoRA adapter, its scale {' and '.join(said)}" if said else "a LoRA adapter"
    if None in scales:
        kind += ", its scale taken to be 1 where the file says none"
    if strength != 1:
        kind += f", {strength:g} times"
    return kind, found


# --- layers -----------------------------------------------------------------------------------


def _kohyas(bundle: Bundle, parameters: Mapping[str, Tensor]) -> dict[str, str]:
    """The layers by kohya's names, which have underscores for dots: those of diffusers, those of
    the original Stable Diffusion, and the text encoder's.
    """
    layers = [name.removesuffix(".weight") for name in parameters if name.endswith(".weight")]
    text = [layer for layer in layers if layer.startswith(naming.TEXT)]
    found = {
        start + layer.removeprefix(naming.TEXT).replace(".", "_"): layer
        for layer in text
        for start in _KOHYA_TEXT
    }
    theirs = original.names([f"{layer}.weight" for layer in layers], bundle.unet.config)
    for layer in set(layers) - set(text):
        of_original = theirs.get(f"{layer}.weight", layer).removesuffix(".weight")
        for each in (layer, of_original):
            found[_KOHYA + each.replace(".", "_")] = layer
    return found


def _layers(
    path: Path,
    tensors: Mapping[str, Tensor],
    parameters: Mapping[str, Tensor],
    kohyas: Mapping[str, str],
) -> dict[str, _Layer]:
    """What the file says, by the model's own names of layers."""
    layers: dict[str, _Layer] = {}
    for name, tensor in tensors.items():
        match = _MATRIX.fullmatch(name)
        if match is None:
            raise InputError(
                f"{path} looks like a LoRA adapter, but {shown(name)} is no part of one"
            )
        role = {"A": "down", "B": "up"}.get(match[2], match[2]) or "alpha"
        layer = _layer_name(match[1] or match[3], kohyas)
        own = layers.setdefault(layer, _Layer())
        if role in own.names:
            raise InputError(
                f"{path} has one tensor under two names, {shown(own.names[role])} and "
                f"{shown(name)}: save the adapter that is meant alone"
            )
        own.names[role] = name
        setattr(own, role, tensor)
    for layer, own in layers.items():
        if f"{layer}.weight" in parameters and (own.up is None or own.down is None):
            raise InputError(
                f"{path} has one of the two matrices of its adapter of {shown(layer)}: copy it "
                "again, or save it whole"
            )
        if f"{layer}.weight" not in parameters:
            raise InputError(
                f"{path} is of another architecture: its adapter of {shown(layer)} fits no layer "
                "of this model"
            )
    return layers


def _layer_name(name: str, kohyas: Mapping[str, str]) -> str:
    if name.startswith((_KOHYA, *_KOHYA_TEXT)):
        return kohyas.get(name, name)
    return re.sub(r"to_out$", "to_out.0", name.replace(".processor", ""))


def _change(path: Path, layer: str, own: _Layer, weight: Tensor) -> tuple[Tensor, int]:
    """B A in the shape of the layer's weight, and the rank."""
    assert own.up is not None, "layers without were refused"
    assert own.down is not None, "layers without were refused"
    up, down = weights(path, {own.names["up"]: own.up, own.names["down"]: own.down}).values()
    if up.ndim < 2 or down.ndim < 2 or up.shape[1] != len(down) or not len(down):
        raise InputError(
            f"{path} has an adapter of {shown(layer)} whose two matrices do not fit: "
            f"{tuple(up.shape)} and {tuple(down.shape)}"
        )
    made = (len(up), *down.shape[1:])
    if up[0, 0].numel() != 1 or made != weight.shape:
        raise InputError(
            f"{path} is of another architecture: its adapter of {shown(layer)} makes {made}, this "
            f"model's weight is {tuple(weight.shape)}"
        )
    return (up.float().flatten(1) @ down.float().flatten(1)).reshape(made), len(down)


# --- scales -----------------------------------------------------------------------------------


def _configs(held: StateDict, part: str) -> Iterator[tuple[str, _Config]]:
    """The configurations that belong to an adapter of a part, each with where it stands."""
    inside = held.metadata.get(_METADATA)
    if inside is not None:
        where = f"{_METADATA} in {held.path}"
        try:
            said = files.parse_json(inside.encode("utf-8", "replace"), dict[str, object])
            # Of a pipeline: the settings of each of its parts, with the part's name before them.
            own = {key.removeprefix(part): value for key, value in said.items()
                   if key.startswith(part) or "." not in key}  # fmt: skip
            if own:
                yield where, _checked(where, files.checked(own, _Config, extra="ignore"))
        except (ContentError, ValueError, RecursionError) as error:
            raise InputError(f"{where} cannot be used: {error}") from error
    beside = held.path.parent / _BESIDE
    # It is that of PEFT's own file; whatever else lies there may have nothing to do with it.
    says = inside is not None or any(name.endswith(".alpha") for name in held.tensors)
    if (held.path.stem == "adapter_model" or not says) and beside.exists():
        try:
            yield str(beside), _checked(str(beside), parts.described(beside, _Config))
        except ContentError as error:
            raise InputError(f"{error}") from error


def _checked(where: str, config: _Config) -> _Config:
    if config.peft_type != "LORA":
        raise InputError(
            f"{where} says that the adapter is of the type {shown(config.peft_type)}, and only "
            "LORA is read: merge it into its U-Net with the tool that made it, and give that"
        )
    start = config.init_lora_weights
    if config.use_dora or (isinstance(start, str) and start.lower().startswith(_REPLACES)):
        what = "DoRA" if config.use_dora else shown(start)
        raise InputError(
            f"{where} says that the adapter is {what}, which does more than add to the weights: "
            "merge it into its U-Net with the tool that made it, and give that"
        )
    return config


def _scale(
    path: Path, layer: str, own: _Layer, rank: int, configs: Iterable[tuple[str, _Config]]
) -> float | None:
    """What a layer's change is multiplied by, if anything says so; two may not say two things."""
    said: dict[str, float] = {}
    if own.alpha is not None:
        said[shown(own.names["alpha"])] = _number(path, own.names["alpha"], own.alpha) / rank
    for where, config in configs:
        expected = _for_layer(where, layer, config.rank_pattern, config.r)
        if expected != rank:
            raise InputError(
                f"{where} says that the rank of {shown(layer)} is {expected}, and it is {rank}: "
                "the two are not of one adapter"
            )
        alpha = _for_layer(where, layer, config.alpha_pattern, config.lora_alpha)
        said[where] = alpha / (math.sqrt(rank) if config.use_rslora else rank)
    if len({f"{scale:.6g}" for scale in said.values()}) > 1:
        both = " and ".join(f"{scale:g} ({where})" for where, scale in said.items())
        raise InputError(f"{path} has two scales for {shown(layer)}: {both}; remove the wrong one")
    scale = next(iter(said.values()), None)
    if scale is not None and not math.isfinite(scale):
        raise InputError(f"{path} has no finite scale for {shown(layer)}: {scale}")
    return scale


def _number(path: Path, name: str, alpha: Tensor) -> float:
    whole = (torch.int8, torch.int16, torch.int32, torch.int64)
    if alpha.is_meta or alpha.numel() != 1 or alpha.dtype not in (*FLOATS, *whole):
        raise InputError(
            f"{path} has an alpha that is no number: {shown(name)} is {tuple(alpha.shape)} of "
            f"{str(alpha.dtype).removeprefix('torch.')}"
        )
    return float(alpha)


def _for_layer(
    where: str, layer: str, pattern: Mapping[str, int] | Mapping[str, float] | None, other: float
) -> float:
    """The value of the first name in a pattern that the layer's ends with, as PEFT looks it up.

    PEFT takes the names for regular expressions. Here they are names: an expression out of a file
    can be made to take for ever.
    """
    for key, value in (pattern or {}).items():
        name = key.removeprefix("^").removesuffix("$").replace("\\.", ".")
        if not re.fullmatch(r"[\w.-]+", name):
            raise InputError(
                f"{where} has the regular expression {shown(key)} for the names of layers, and "
                "only names are read: merge the adapter with the tool that made it"
            )
        if layer == name or (not key.startswith("^") and layer.endswith(f".{name}")):
            return value
    return other
