"""Frozen convolutions: they keep nothing and change no bit."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from sdd_bench.training import frozen_conv
from sdd_bench.training.trainee import trainable
from support.training import fresh


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_frozen_convolutions_keep_nothing_and_change_no_bit(
    layout: torch.memory_format, checkpointing: bool
) -> None:
    bundle, _ = fresh()
    unet = bundle.unet.to(memory_format=layout)
    learning = trainable(unet, "xattn")
    for parameter in learning.values():
        parameter.requires_grad_(True)
    if checkpointing:
        unet.enable_gradient_checkpointing()
    generator = Generator().manual_seed(0)
    states = torch.randn(2, 24, 16, generator=generator)
    found, kept = [], []
    for drop_saved_inputs in (False, True):
        if drop_saved_inputs:
            frozen_conv.drop_saved_inputs(unet)
        sizes: dict[int, int] = {}

        def pack(tensor: Tensor, sizes: dict[int, int] = sizes) -> Tensor:
            sizes[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        latents = torch.randn(2, 4, 16, 16, generator=generator.manual_seed(1))
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            projected = bundle.text.project(states)
            estimate = unet(latents, 500, encoder_hidden_states=projected).sample
        gradients = torch.autograd.grad(estimate.square().mean(), list(learning.values()))
        found.append((estimate, *gradients))
        kept.append(sum(sizes.values()))
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))
    assert checkpointing or kept[1] < 0.95 * kept[0]
    frozen_conv.restore(unet)
    assert not any("forward" in vars(layer) for layer in unet.modules())
