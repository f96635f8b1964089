"""The original Stable Diffusion's names, against the converter of diffusers."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

from sdd_bench.training.original import names


def test_stable_diffusions_names_are_those_of_the_converter_of_diffusers() -> None:
    """Of its true architecture, by the library's own converter, which has these names inside."""
    with torch.device("meta"):  # Stable Diffusion 1.x: four levels of two layers
        unet = UNet2DConditionModel(cross_attention_dim=768)
    ours = dict(unet.named_parameters())
    found = names(ours, unet.config)
    assert found.keys() == ours.keys()
    assert len(set(found.values())) == len(ours) == 686
    theirs = {f"model.diffusion_model.{name}": own for own, name in found.items()}
    assert convert_ldm_unet_checkpoint(theirs, unet.config) == {name: name for name in ours}


def test_levels_of_different_numbers_of_layers_have_no_names_there() -> None:
    with torch.device("meta"):
        unet = UNet2DConditionModel(layers_per_block=(1, 2, 2, 2), cross_attention_dim=768)
    assert names(dict(unet.named_parameters()), unet.config) == {}
