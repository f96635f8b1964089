"""The U-Net's own names for tensors that a tool has named otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from sdd_bench.errors import InputError
from sdd_bench.weights.content import shown

_WRAPPERS = re.compile(
    r"^(?:(?:unet|module|model|base_model|diffusion_model|_orig_mod)\.)+"
    r"|(?<=\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
"""What goes around a network leaves its name in front: a pipeline, DataParallel, PEFT, the original
Stable Diffusion, Lightning; torch.compile and FSDP go around its layers too."""

_ORIGINAL = ("input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "out.")
"""How the original Stable Diffusion calls the blocks of a U-Net."""

_OTHER_PARTS = (
    "cond_stage_model.", "conditioner.", "first_stage_model.", "model_ema.", "text_encoder.",
    "text_encoder_2.", "vae.",
)  # fmt: skip
"""Beginnings of names in files that hold more than a U-Net."""

_TEXT_ADAPTERS = ("lora_te", "text_encoder", "te_", "te1_")

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


def plain(
    path: Path, tensors: Mapping[str, Tensor], unet: Any, own: Collection[str]
) -> dict[str, Tensor]:
    """The tensors under the U-Net's `own` names, as far as they are those. Raises InputError."""
    _check_parts(path, tensors)
    found: dict[str, Tensor] = {}
    called: dict[str, str] = {}
    for name, tensor in sorted(tensors.items()):
        short = _WRAPPERS.sub("", name)
        if short in found:
            raise InputError(
                f"{path} has one tensor under two names, {shown(called[short])} and {shown(name)}: "
                "save the one that is meant"
            )
        found[short], called[short] = tensor, name
    if any(name.startswith(_ORIGINAL) for name in found):
        found = _converted(path, found, unet, len(own))
    _check_prefix(path, found, own)
    return found


def _check_parts(path: Path, names: Collection[str]) -> None:
    """Raise InputError for files that change more than the U-Net, or by something else."""
    for name in sorted(names):
        short = _WRAPPERS.sub("", name)
        adapts = "lora" in name
        if adapts and short.startswith(_TEXT_ADAPTERS):
            raise InputError(
                f"{path} changes the text encoder too ({shown(name)}), and only U-Nets can be "
                "brought by --checkpoint: put the adapter into a model with diffusers "
                "(fuse_lora, save_pretrained) and give that folder with --model"
            )
        if short.startswith(_OTHER_PARTS):
            raise InputError(
                f"{path} is of a whole model ({shown(name)}), and only U-Nets can be brought by "
                "--checkpoint: convert it with diffusers (StableDiffusionPipeline."
                "from_single_file, save_pretrained) and give that folder with --model"
            )
        for part, what in _FOREIGN.items():
            if part in name:
                raise InputError(
                    f"{path} is {what} ({shown(name)}), which is not read: merge it into its "
                    "U-Net with the tool that made it, and give that"
                )


def _converted(
    path: Path, tensors: Mapping[str, Tensor], unet: Any, most: int
) -> dict[str, Tensor]:
    """A whole U-Net of the original naming in that of diffusers, by the converter of diffusers."""
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    found: dict[str, Tensor] = {}
    if len(tensors) <= most:  # its time grows with the square
        named = {f"model.diffusion_model.{name}": each for name, each in tensors.items()}
        with suppress(KeyError, IndexError, ValueError, AttributeError, TypeError):
            found = convert_ldm_unet_checkpoint(named, unet.config)
    # It leaves out what it does not know, and writes None for what is not there.
    if len(found) != len(tensors) or any(each is None for each in found.values()):
        raise InputError(
            f"{path} has the naming of the original Stable Diffusion ({shown(min(tensors))}), in "
            "which only whole U-Nets of this model's layout are read: convert it to that of "
            "diffusers first"
        )
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
