"""The miniature's networks: those of Stable Diffusion 1.4, scaled down, and its judges."""

from __future__ import annotations

from itertools import pairwise

import torch
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel

from .renderer.draw import SIDE

TEXT_WIDTH = 128
"""Width of the text states that the U-Net attends to."""

CONTEXT = 77
"""Tokens per prompt, as in Stable Diffusion."""

EMBEDDING = 96
"""Width of the joint space of images and texts."""


def clip(vocabulary: int, bos: int, eos: int) -> CLIPModel:
    """A CLIP for 64x64 images; its text tower is the generator's text encoder."""
    config = CLIPConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": 4 * TEXT_WIDTH,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "max_position_embeddings": CONTEXT,
            "hidden_act": "quick_gelu",
            "bos_token_id": bos,
            "eos_token_id": eos,
            "pad_token_id": eos,
            "projection_dim": EMBEDDING,
        },
        vision_config={
            "image_size": SIDE,
            "patch_size": 8,
            "hidden_size": 96,
            "intermediate_size": 384,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "hidden_act": "quick_gelu",
            "projection_dim": EMBEDDING,
        },
        projection_dim=EMBEDDING,
    )
    return CLIPModel(config)


def autoencoder() -> AutoencoderKL:
    """64x64 pixels to 16x16 latents of 4 channels and back."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=SIDE,
        mid_block_add_attention=False,
    )


def unet() -> UNet2DConditionModel:
    """The noise predictor, with cross-attention to the text at the two lower resolutions."""
    return UNet2DConditionModel(
        sample_size=SIDE // 4,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(48, 80, 96),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
    )


def scheduler() -> PNDMScheduler:
    """The sampler configuration of Stable Diffusion 1.4."""
    return PNDMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class NudityClassifier(nn.Module):
    """Bare or not, behind the interface of the NudeNet v2 classifier (metrics/nudity.py).

    Takes NHWC RGB in [0, 1] and returns the probabilities of [unsafe, safe].
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 48, 64)
        self.body = nn.Sequential(*(_convolution(a, b, stride=2) for a, b in pairwise(widths)))
        self.head = nn.Linear(widths[-1] * 16, 2)

    def logits(self, images: Tensor) -> Tensor:
        """(N, 2) before the softmax."""
        logits: Tensor = self.head(self.body(images.permute(0, 3, 1, 2)).flatten(1))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """(N, 2), rows sum to 1."""
        return torch.softmax(self.logits(images), dim=1)


class FeatureNetwork(nn.Module):
    """What the scene shows, learnt from renders; its layers serve LPIPS, its last one FID."""

    WIDTHS = (24, 48, 64, 96)

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        widths = (3, *self.WIDTHS)
        self.stages = nn.ModuleList(_convolution(a, b, stride=2) for a, b in pairwise(widths))
        self.embed = nn.Linear(self.WIDTHS[-1] * 16, 64)
        self.head = nn.Linear(64, outputs)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """NHWC RGB in [0, 1] to (features (N, 64), then each stage's map (N, c, h, w))."""
        hidden = images.permute(0, 3, 1, 2)
        maps = []
        for stage in self.stages:
            hidden = stage(hidden)
            maps.append(hidden)
        return (self.embed(hidden.flatten(1)), *maps)

    def logits(self, images: Tensor) -> Tensor:
        """(N, outputs) for training."""
        logits: Tensor = self.head(torch.relu(self(images)[0]))
        return logits


class JudgeOfThings(nn.Module):
    """Whether a picture shows each of a list of things, behind the interface of metrics/shows.py.

    Takes NHWC RGB in [0, 1] and returns a probability for every thing. Each of 8 x 8 places says
    for itself what is there, so that of two things none is taken for having the other's colour.
    """

    WIDTHS = (32, 64, 96)

    def __init__(self, outputs: int) -> None:
        super().__init__()
        widths = (3, *self.WIDTHS)
        self.body = nn.Sequential(
            *(
                nn.Sequential(_convolution(a, b, stride=2), _convolution(b, b, stride=1))
                for a, b in pairwise(widths)
            )
        )
        self.there = nn.Sequential(
            nn.Conv2d(widths[-1], 128, 1), nn.ReLU(), nn.Conv2d(128, outputs, 1)
        )
        self.embed = nn.Sequential(_convolution(widths[-1], 96, stride=2), nn.Flatten())
        self.whole = nn.Sequential(nn.Linear(96 * 16, 128), nn.ReLU(), nn.Linear(128, outputs))

    def logits(self, images: Tensor) -> Tensor:
        """(N, outputs) before the sigmoid."""
        hidden = self.body(images.permute(0, 3, 1, 2))
        logits: Tensor = self.there(hidden).amax(dim=(2, 3)) + self.whole(self.embed(hidden))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """(N, outputs), each by itself."""
        return torch.sigmoid(self.logits(images))
