"""The autoencoder of the miniature: pictures to latents and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Generator, Tensor

from sdd_bench.miniature import architecture
from sdd_bench.miniature.loop import Plan, fit

from .batches import draw, pick


def train_autoencoder(pixels: NDArray[np.uint8], plan: Plan, work: Path) -> AutoencoderKL:
    """Reconstruct pixels and their gradients; the KL term only keeps the latents small."""
    torch.manual_seed(2)
    model = architecture.autoencoder().to(memory_format=torch.channels_last)

    def loss(generator: Generator) -> Tensor:
        images = pick(pixels, draw(generator, len(pixels), plan.batch)).permute(0, 3, 1, 2) * 2 - 1
        posterior = model.encode(images).latent_dist
        output = model.decode(posterior.sample(generator)).sample
        error = (output - images).abs().mean() + 2 * (output - images).square().mean()
        total: Tensor = error + _edges(output, images) + 1e-6 * posterior.kl().mean()
        return total

    return fit("autoencoder", model, loss, plan, work)


def _edges(output: Tensor, target: Tensor) -> Tensor:
    across = (output.diff(dim=-1) - target.diff(dim=-1)).abs().mean()
    down = (output.diff(dim=-2) - target.diff(dim=-2)).abs().mean()
    return across + down


@torch.no_grad()
def encode(model: AutoencoderKL, pixels: NDArray[np.uint8], batch: int = 50) -> Tensor:
    """Mean latents (N, 4, 16, 16), not yet scaled."""
    parts = []
    for start in range(0, len(pixels), batch):
        images = torch.from_numpy(pixels[start : start + batch]).permute(0, 3, 1, 2)
        parts.append(model.encode(images.float() / 127.5 - 1).latent_dist.mean)
    return torch.cat(parts)


@torch.no_grad()
def reconstruct(model: AutoencoderKL, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images as they come out of the autoencoder, (N, 64, 64, 3)."""
    parts = []
    for start in range(0, len(pixels), 50):
        output = model.decode(encode(model, pixels[start : start + 50])).sample
        scaled = ((output + 1) * 127.5).round().clamp(0, 255).byte()
        parts.append(scaled.permute(0, 2, 3, 1).numpy())
    return np.concatenate(parts)
