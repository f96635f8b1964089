"""Samples to pictures: the sampling loop, the same for every method.

A picture depends on its own noise, prompt, method, model and settings, never on its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import SDDBenchError
from .models import Bundle
from .sampler import PNDM
from .types import Method, Pixels, Sample, Settings, State


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished image."""

    sample: Sample
    pixels: Pixels
    """uint8 (height, width, 3), RGB."""
    noise_hash: str
    """16 hexadecimal digits of the SHA-256 of its starting noise."""


def generate(
    bundle: Bundle,
    method: Method,
    concepts: Sequence[str],
    samples: Sequence[Sample],
    settings: Settings,
) -> Iterator[Picture]:
    """The pictures of the samples, in the order given.

    Raises SDDBenchError if a picture comes out as something else than numbers.
    """
    for start in range(0, len(samples), bundle.batch):
        several = samples[start : start + bundle.batch]
        latents = denoise(bundle, method, concepts, several, settings)
        broken = ~torch.isfinite(latents).flatten(1).all(1)
        if broken.any():
            first = several[int(broken.nonzero()[0])]
            raise SDDBenchError(
                f"{int(broken.sum())} of {len(several)} images came out as NaN or infinity, the "
                f"first for prompt '{first.prompt.id}': the method or the model's weights are "
                "broken, or half precision overflows (try --dtype float32); images made before "
                "are kept"
            )
        for sample, pixels in zip(several, bundle.decode(latents), strict=True):
            yield Picture(sample, pixels, noise_hash(sample.seed, bundle.latent_shape))


@torch.inference_mode()
def denoise(
    bundle: Bundle,
    method: Method,
    concepts: Sequence[str],
    samples: Sequence[Sample],
    settings: Settings,
) -> Tensor:
    """Final latents of the samples, (N, C, h, w)."""
    texts = [method.branches(sample.prompt.text, concepts) for sample in samples]
    branches = len(texts[0])
    # Branch by branch, so that one U-Net call holds all branches of all images.
    states = torch.stack([bundle.embed(row[branch]) for branch in range(branches) for row in texts])
    start = torch.stack([noise(sample.seed, bundle.latent_shape) for sample in samples])
    latents = start.to(bundle.device, bundle.dtype)
    sampler = PNDM(
        bundle.alphas, settings.steps, final_alpha=bundle.final_alpha, offset=bundle.offset
    )
    state: State = ()
    for call, time in enumerate(sampler.timesteps):
        estimates = bundle.predict(torch.cat([latents] * branches), time, states).chunk(branches)
        estimate, state = method.guide(call, estimates, settings.guidance_scale, state)
        latents = sampler.step(estimate, latents)
    return latents


def noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """An image's starting noise, fp32 on the CPU whatever the device: a function of its seed."""
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def noise_hash(seed: int, shape: tuple[int, ...]) -> str:
    """16 hexadecimal digits of the SHA-256 of an image's starting noise."""
    return hashlib.sha256(noise(seed, shape).numpy().tobytes()).hexdigest()[:16]
