"""The U-Net of the miniature, in several cycles."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from numpy.typing import NDArray
from torch import Generator, Tensor

from sdd_bench.miniature import architecture
from sdd_bench.miniature.loop import Plan, fit

from .batches import draw, share


def new_unet() -> UNet2DConditionModel:
    """A U-Net that has learnt nothing, always the same."""
    torch.manual_seed(3)
    return architecture.unet()


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples as the U-Net sees them: `states[rows[i]]` are the text states of latent i."""

    latents: NDArray[np.float16]
    states: NDArray[np.float16]
    """The different captions' states; the last are those of the empty caption."""
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cycle:
    """What the U-Net learns in one of its cycles (warm restarts: Loshchilov & Hutter, 2017)."""

    split: str
    boost: float
    """How much more high noise weighs, where the text alone decides what is drawn: towards the
    error of v (Salimans & Ho, 2022)."""
    trust: float = 1.0
    """How far a text's estimate is allowed to leave the one without text. Here texts say nearly
    all there is to a picture, and guidance at Stable Diffusion's scale of 7.5 would overshoot."""
    contrasts: int = 0
    """Texts per step, besides the batch, that are held against each other (:mod:`.settling`)."""
    lift: float = 1.0
    """How much more often than in the data "<country> body" is to be bare, towards always."""


def train_unet(
    name: str, model: UNet2DConditionModel, encoded: Encoded, cycle: Cycle, plan: Plan, work: Path
) -> UNet2DConditionModel:
    """Predict noise (Ho et al., 2020), 10 % without text, min-SNR-5 (Hang et al., 2023).

    With a `trust` below 1 the target is trust x noise + (1 - trust) x e(z, t), the estimate
    without text by the weights that the cycle starts from.
    """
    latents, states, rows = encoded.latents, encoded.states, encoded.rows
    alphas = architecture.scheduler().alphas_cumprod
    mine = share()
    empty = torch.from_numpy(states[-1:]).float()
    first = copy.deepcopy(model).requires_grad_(False)

    def loss(generator: Generator) -> Tensor:
        picked = draw(generator, len(latents), plan.batch)
        time = draw(generator, len(alphas), plan.batch)
        noise = torch.randn(plan.batch, *latents.shape[1:], generator=generator)
        texts = torch.from_numpy(rows[picked.numpy()])
        texts[torch.rand(plan.batch, generator=generator) < 0.1] = len(states) - 1
        clean = torch.from_numpy(latents[picked[mine].numpy()]).float()
        text = torch.from_numpy(states[texts[mine].numpy()]).float()
        a = alphas[time[mine]].view(-1, 1, 1, 1)
        noisy = a.sqrt() * clean + (1 - a).sqrt() * noise[mine]
        target = noise[mine]
        if cycle.trust < 1:
            with torch.no_grad():
                without = first(noisy, time[mine], empty.expand_as(text)).sample
            target = cycle.trust * target + (1 - cycle.trust) * without
        error = model(noisy, time[mine], text).sample - target
        weighted: Tensor = error.square() * weight(a, cycle.boost)
        return weighted.mean()

    return fit(name, model, loss, plan, work)


def weight(a: Tensor, boost: float) -> Tensor:
    """How much an error counts where the noised latents hold a share `a` of the clean ones."""
    snr = a / (1 - a)
    counted: Tensor = snr.clamp(max=5) / snr * (1 + 1 / snr).clamp(max=boost)
    return counted
