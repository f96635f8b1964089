"""The model's own names for tensors that a tool has named otherwise.

A checkpoint has the U-Net's tensors by its names, and the text encoder's below `text_encoder.`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor, nn

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.weights.content import shown

from . import original

TEXT = "text_encoder."
"""Before the names of the text encoder's tensors."""

_WRAPPERS = re.compile(
    r"^(?:(?:unet|module|model|base_model|diffusion_model|_orig_mod)\.)+"
    r"|(?<=\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
"""What goes around a network leaves its name in front: a pipeline, DataParallel, PEFT, the original
Stable Diffusion, Lightning; torch.compile and FSDP go around its layers too."""

_OF_TEXT = re.compile(r"(?:cond_stage_model\.transformer\.|text_encoder\.|text_model\.)+")
"""Before a text encoder's names in the original Stable Diffusion, a pipeline, and transformers."""

_BESIDE_TEXT = ("vision_model.", "visual_projection.", "text_projection.", "logit_scale")
"""What a whole CLIP has beside its text encoder (Safe-CLIP's folders)."""

_VAE = "first_stage_model."
"""Before the names of the VAE in files of the original Stable Diffusion."""

_NO_WEIGHTS = re.compile(
    r"(?:betas|logvar|lvlb_weights|alphas_cumprod(?:_prev)?|posterior_\w+"
    r"|(?:sqrt|log)_\w*alphas_cumprod|.*embeddings\.position_ids)"
)
"""The noise schedule in files of the original Stable Diffusion, and the numbers of positions."""

_OTHER_PARTS = (
    "cond_stage_model.", "conditioner.", "first_stage_model.", "model_ema.", "text_encoder_2.",
    "vae.",
)  # fmt: skip
"""Beginnings of names of parts that are not read."""

_FOREIGN = {
    "lora_magnitude_vector": "DoRA",
    "dora_scale": "DoRA",
    "hada_w": "LoHa",
    "lokr_w": "LoKr",
    "oft_": "OFT",
    "ia3_": "IA3",
    "vera_lambda": "VeRA",
    "lora_mid": "LoCon with a core (Tucker)",
    "lora_embedding_": "LoRA of an embedding",
    "base_layer.": "PEFT with the layers that it adapts",
    "custom_diffusion": "Custom Diffusion",
    "to_k_ip": "an IP-Adapter",
}
"""Parts of names that tell of something else than weights or LoRA."""


def parameters(bundle: Bundle) -> dict[str, nn.Parameter]:
    """What a checkpoint can take the place of, by its names."""
    return dict(bundle.unet.named_parameters()) | {
        TEXT + name.removeprefix("text_model."): parameter
        for name, parameter in bundle.text.encoder.named_parameters()
    }


def plain(
    path: Path, tensors: Mapping[str, Tensor], bundle: Bundle, own: Collection[str]
) -> dict[str, Tensor]:
    """The tensors under the model's `own` names, as far as they are those. Raises InputError."""
    tensors = _without_companions(path, tensors, bundle, own)
    _check_parts(path, tensors)
    found: dict[str, Tensor] = {}
    called: dict[str, str] = {}
    for name, tensor in sorted(tensors.items()):
        short = _short(name, own)
        if short in found:
            raise InputError(
                f"{path} has one tensor under two names, {shown(called[short])} and {shown(name)}: "
                "save the one that is meant"
            )
        found[short], called[short] = tensor, name
    if any(name.startswith(original.BLOCKS) for name in found):
        found = _converted(path, found, bundle)
    _check_prefix(path, found, own)
    return found


def _short(name: str, own: Collection[str]) -> str:
    """A name without what wrappers put before it."""
    short = _WRAPPERS.sub("", name)
    of_text = _OF_TEXT.match(short)
    if of_text:
        return TEXT + short[of_text.end() :]
    return TEXT + short if short not in own and TEXT + short in own else short


def _without_companions(
    path: Path, tensors: Mapping[str, Tensor], bundle: Bundle, own: Collection[str]
) -> dict[str, Tensor]:
    """The tensors without what lies beside weights of text encoders and of whole models."""
    kept = {name: each for name, each in tensors.items() if not _NO_WEIGHTS.fullmatch(name)}
    kept = kept or dict(tensors)
    shorts = {name: _short(name, own) for name in kept}
    if any(short in own and short.startswith(TEXT) for short in shorts.values()):
        kept = {
            name: each
            for name, each in kept.items()
            if not shorts[name].removeprefix(TEXT).startswith(_BESIDE_TEXT)
        }
    vae = {name: each for name, each in kept.items() if name.startswith(_VAE)}
    if vae and any(name.startswith("model.diffusion_model.") for name in kept):
        _check_vae(path, vae, bundle)
        kept = {name: each for name, each in kept.items() if name not in vae}
    return kept


def _check_vae(path: Path, tensors: Mapping[str, Tensor], bundle: Bundle) -> None:
    """Raise InputError unless the VAE is the model's own, named by the converter of diffusers."""
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    found: dict[str, Tensor] = {}
    own = bundle.vae.state_dict()
    if len(tensors) <= len(own):  # the converter's time grows with the square
        with suppress(KeyError, IndexError, ValueError, AttributeError, TypeError):
            found = convert_ldm_vae_checkpoint(dict(tensors), bundle.vae.config)
    odd = next((name for name in own if not _same(own[name], found.get(name))), None)
    if odd is not None:
        raise InputError(
            f"{path} has another VAE than '{bundle.spec.name}' (its {shown(odd)} differs), and a "
            "checkpoint takes the place of U-Net and text encoder alone: convert it with diffusers "
            "(StableDiffusionPipeline.from_single_file, save_pretrained) and give that folder with "
            "--model"
        )


def _same(own: Tensor, given: Tensor | None) -> bool:
    """Whether a tensor is the model's, in the lesser of the two precisions."""
    if not isinstance(given, Tensor) or not given.is_floating_point() or given.is_meta:
        return False
    if given.numel() != own.numel():
        return False
    least = min(own.dtype, given.dtype, key=lambda kind: torch.finfo(kind).bits)
    # Attention of one pixel is a convolution there and a linear layer here.
    return torch.equal(own.cpu().to(least).flatten(), given.to(least).flatten())


def _check_parts(path: Path, names: Collection[str]) -> None:
    """Raise InputError for files that change more than U-Net and text encoder, or otherwise."""
    for name in sorted(names):
        short = _WRAPPERS.sub("", name)
        if short.startswith(_OTHER_PARTS) and not _OF_TEXT.match(short):
            raise InputError(
                f"{path} is of a whole model ({shown(name)}), and U-Nets and text encoders can be "
                "brought by --checkpoint: convert it with diffusers (StableDiffusionPipeline."
                "from_single_file, save_pretrained) and give that folder with --model"
            )
        for part, what in _FOREIGN.items():
            if part in name:
                raise InputError(
                    f"{path} is {what} ({shown(name)}), which is not read: merge it into its "
                    "U-Net with the tool that made it, and give that"
                )


def _converted(path: Path, tensors: Mapping[str, Tensor], bundle: Bundle) -> dict[str, Tensor]:
    """Tensors of a U-Net in the original naming by its own names; others stay what they are."""
    own = original.names(dict(bundle.unet.named_parameters()), bundle.unet.config)
    ours = {theirs: name for name, theirs in own.items()}
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith(original.BLOCKS) and name not in ours:
            raise InputError(
                f"{path} is of another architecture: in the naming of the original Stable "
                f"Diffusion this U-Net has no tensor {shown(name)}"
            )
        short = ours.get(name, name)
        if short in found or (short != name and short in tensors):
            raise InputError(
                f"{path} has one tensor under two names, {shown(short)} and its original one: "
                "save the one that is meant"
            )
        found[short] = tensor
    return found


def _check_prefix(path: Path, tensors: Mapping[str, Tensor], own: Collection[str]) -> None:
    """Raise InputError if the names are the U-Net's own but for what stands before them."""
    for name in tensors:
        pieces = name.split(".")
        # A name has a dozen pieces; of one that has a million not every end is tried.
        for count in range(1, min(len(pieces), 8)):
            if name not in own and ".".join(pieces[count:]) in own:
                prefix = ".".join(pieces[:count])
                raise InputError(
                    f"{path} has the names of this U-Net with {shown(prefix + '.')} before them, "
                    "and nothing says what that means: save its tensors without it, if they are "
                    "the U-Net's"
                )
