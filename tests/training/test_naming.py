"""Names that other tools give the U-Net's tensors: what is read, and what is refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.errors import InputError
from sdd_bench.training import checkpoints

LAYER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
NAME = f"{LAYER}.weight"


@pytest.fixture(scope="module")
def weight(bundle: Bundle) -> Tensor:
    own = dict(bundle.unet.named_parameters())[NAME]
    return torch.randn(own.shape, generator=torch.Generator().manual_seed(0))


def read(path: Path, tensors: dict[str, Tensor], bundle: Bundle) -> checkpoints.Checkpoint:
    save_file(tensors, path / "weights.safetensors")
    return checkpoints.read(path / "weights.safetensors", bundle)


@pytest.mark.parametrize(
    "name",
    [
        f"module.{NAME}",
        f"unet.module.{NAME}",
        f"_orig_mod.{NAME}",
        f"module._orig_mod.{NAME}",
        f"base_model.model.unet.{NAME}",
        f"model.diffusion_model.{NAME}",
        f"diffusion_model.{NAME}",
        f"model.{NAME}",
        NAME.replace("attentions.0.", "attentions.0._orig_mod."),
        NAME.replace("attentions.0.", "attentions.0._fsdp_wrapped_module."),
    ],
)
def test_what_a_wrapper_puts_before_a_name_is_no_part_of_it(
    tmp_path: Path, bundle: Bundle, weight: Tensor, name: str
) -> None:
    found = read(tmp_path, {name: weight}, bundle)
    assert found.tensors.keys() == {NAME}
    assert torch.equal(found.tensors[NAME], weight)


@pytest.mark.parametrize("prefix", ["student.", "ema.net.", "\x1b[2J."])
def test_a_prefix_that_could_mean_anything_is_refused(
    tmp_path: Path, bundle: Bundle, weight: Tensor, prefix: str
) -> None:
    with pytest.raises(InputError, match="has the names of this U-Net with ") as caught:
        read(tmp_path, {prefix + NAME: weight}, bundle)
    assert repr(prefix) in str(caught.value)


def test_one_tensor_under_two_names_is_refused_with_both(
    tmp_path: Path, bundle: Bundle, weight: Tensor
) -> None:
    for other in (f"unet.{NAME}", f"module.{NAME}"):
        with pytest.raises(InputError, match=rf"under two names, '{NAME}' and '{other}'"):
            read(tmp_path, {NAME: weight, other: weight + 1}, bundle)


# --- the original Stable Diffusion ------------------------------------------------------------

BLOCKS = {
    "conv_in": "input_blocks.0.0",
    "down_blocks.0.resnets.0": "input_blocks.1.0",
    "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
    "down_blocks.1.resnets.0": "input_blocks.3.0",
    "down_blocks.1.attentions.0": "input_blocks.3.1",
    "down_blocks.1.downsamplers.0.conv": "input_blocks.4.0.op",
    "down_blocks.2.resnets.0": "input_blocks.5.0",
    "down_blocks.2.attentions.0": "input_blocks.5.1",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "up_blocks.0.resnets.0": "output_blocks.0.0",
    "up_blocks.0.attentions.0": "output_blocks.0.1",
    "up_blocks.0.resnets.1": "output_blocks.1.0",
    "up_blocks.0.attentions.1": "output_blocks.1.1",
    "up_blocks.0.upsamplers.0.conv": "output_blocks.1.2.conv",
    "up_blocks.1.resnets.0": "output_blocks.2.0",
    "up_blocks.1.attentions.0": "output_blocks.2.1",
    "up_blocks.1.resnets.1": "output_blocks.3.0",
    "up_blocks.1.attentions.1": "output_blocks.3.1",
    "up_blocks.1.upsamplers.0.conv": "output_blocks.3.2.conv",
    "up_blocks.2.resnets.0": "output_blocks.4.0",
    "up_blocks.2.resnets.1": "output_blocks.5.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
}
"""The blocks of the miniature's U-Net, three levels of one layer, as openaimodel.py of
CompVis/stable-diffusion numbers them: going down one block for each layer and each halving, going
up one for each of a level's two layers, with the doubling in the last."""

LAYERS = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
"""The layers of a ResBlock there."""


def original(name: str) -> str:
    block = next(block for block in BLOCKS if name.startswith(f"{block}."))
    rest = name.removeprefix(f"{block}.")
    if "resnets" in block:
        layer, _, kind = rest.rpartition(".")
        rest = f"{LAYERS[layer]}.{kind}"
    return f"model.diffusion_model.{BLOCKS[block]}.{rest}"


def test_a_whole_unet_of_the_original_naming_is_read(tmp_path: Path, bundle: Bundle) -> None:
    generator = torch.Generator().manual_seed(1)
    whole = {
        name: torch.randn(own.shape, generator=generator)
        for name, own in bundle.unet.named_parameters()
    }
    found = read(tmp_path, {original(name): each for name, each in whole.items()}, bundle)
    assert found.kind == "a whole U-Net"
    assert found.tensors.keys() == whole.keys()
    assert all(torch.equal(found.tensors[name], each) for name, each in whole.items())


def test_a_part_of_it_is_read_too(tmp_path: Path, bundle: Bundle, weight: Tensor) -> None:
    found = read(tmp_path, {original(NAME): weight}, bundle)
    assert found.kind == "1 of 326 tensors of a U-Net"
    assert found.tensors.keys() == {NAME}
    assert torch.equal(found.tensors[NAME], weight)


def test_what_no_block_of_the_original_has_is_refused_with_its_name(
    tmp_path: Path, bundle: Bundle, weight: Tensor
) -> None:
    odd = "input_blocks.9.1.transformer_blocks.0.attn2.to_k.weight"
    with pytest.raises(InputError, match=rf"this U-Net has no tensor '{odd}'"):
        read(tmp_path, {original(NAME): weight, f"model.diffusion_model.{odd}": weight + 1}, bundle)


def test_both_namings_of_one_tensor_are_refused(
    tmp_path: Path, bundle: Bundle, weight: Tensor
) -> None:
    with pytest.raises(InputError, match=rf"under two names, '{NAME}' and its original one"):
        read(tmp_path, {original(NAME): weight, NAME: weight + 1}, bundle)


@pytest.mark.parametrize(
    "other",
    [
        "cond_stage_model.model.ln_final.weight",
        "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight",
        "first_stage_model.decoder.conv_in.weight",
        "text_encoder_2.text_model.final_layer_norm.weight",
        "model_ema.diffusion_modelout2weight",
        "vae.decoder.conv_in.weight",
    ],
)
def test_a_file_of_parts_that_are_not_read_belongs_to_another_option(
    tmp_path: Path, bundle: Bundle, weight: Tensor, other: str
) -> None:
    said = rf"is of a whole model \('{re.escape(other)}'\).*--model$"
    with pytest.raises(InputError, match=said):
        read(tmp_path, {f"unet.{NAME}": weight, other: torch.ones(3)}, bundle)


# --- adapters of other kinds ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "what"),
    [
        ("lora_magnitude_vector", "DoRA"),
        ("dora_scale", "DoRA"),
        ("hada_w1_a", "LoHa"),
        ("lokr_w1", "LoKr"),
        ("base_layer.weight", "PEFT with the layers that it adapts"),
    ],
)
def test_what_is_no_lora_is_refused_by_what_it_is(
    tmp_path: Path, bundle: Bundle, end: str, what: str
) -> None:
    with pytest.raises(InputError, match=rf"is {what} \(.*merge it into its U-Net"):
        read(tmp_path, {f"{LAYER}.{end}": torch.ones(3)}, bundle)
