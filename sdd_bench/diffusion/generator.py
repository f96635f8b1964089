"""Samples to pictures.

A picture depends on its own noise, prompt, method, model and settings, never on its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sdd_bench.errors import SDDBenchError
from sdd_bench.plugins import PluginError
from sdd_bench.types import Pixels, Sample, Settings

from . import border, reading
from .bundle import Bundle
from .denoising import Plan, walk
from .loading import exact_numerics
from .room import is_full


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished image."""

    plan: int
    """Index of the plan that made it."""
    sample: Sample
    pixels: Pixels
    """uint8 (height, width, 3), RGB."""
    noise_hash: str
    """16 hexadecimal digits of the SHA-256 of its starting noise."""


def generate(
    bundle: Bundle, plans: Sequence[Plan], samples: Sequence[Sample], settings: Settings
) -> Iterator[Picture]:
    """The pictures of the samples by every plan: batches in the order given, plan by plan.

    Raises PluginError for a method that fails or whose pictures would depend on one another, and
    SDDBenchError if a picture comes out as something else than numbers.
    """
    try_out(bundle, plans, samples, settings)
    for start in range(0, len(samples), bundle.batch):
        yield from pictures(bundle, plans, samples[start : start + bundle.batch], settings)


def pictures(
    bundle: Bundle, plans: Sequence[Plan], batch: Sequence[Sample], settings: Settings
) -> Iterator[Picture]:
    """The pictures of one batch by every plan, all of which have been tried out: part by part
    where memory does not do for all of them. Raises as `generate` does, and MissingError where it
    does not do for one tile.
    """
    left = list(batch)
    while left:
        part = left[: bundle.room.images]
        made = _fitting(bundle, plans, part, settings)
        if made is None:  # asked when nothing of the failed try is held any more
            bundle.room.shrink(len(part), bundle.rows, bundle.device)
        else:
            del left[: len(part)]
            yield from made


def _fitting(
    bundle: Bundle, plans: Sequence[Plan], batch: Sequence[Sample], settings: Settings
) -> list[Picture] | None:
    """The pictures of one batch by every plan; None where memory does not do for them."""
    try:
        return list(_pictures(bundle, plans, batch, settings))
    except (RuntimeError, MemoryError) as error:
        if is_full(error):
            return None
        raise


def _pictures(
    bundle: Bundle, plans: Sequence[Plan], batch: Sequence[Sample], settings: Settings
) -> Iterator[Picture]:
    hashes = [noise_hash(sample.seed, bundle.latent_shape) for sample in batch]
    for plan, latents in enumerate(denoise(bundle, plans, batch, settings)):
        _check(latents, batch)
        # Left again before anything is handed out: what the caller does is its own affair.
        with exact_numerics():
            images = bundle.decode(latents)
        for sample, pixels, digest in zip(batch, images, hashes, strict=True):
            yield Picture(plan, sample, pixels, digest)


@exact_numerics()
def denoise(
    bundle: Bundle, plans: Sequence[Plan], samples: Sequence[Sample], settings: Settings
) -> list[Tensor]:
    """Final latents (N, C, h, w) of the samples by every plan."""
    start = torch.stack([noise(sample.seed, bundle.latent_shape) for sample in samples])
    try:
        return walk(bundle, plans, [sample.prompt.text for sample in samples], start, settings)
    except PluginError as error:
        names = " to ".join(dict.fromkeys(samples[place].stem for place in (0, -1)))
        raise PluginError(f"{error}; images before {names} are kept") from error


@exact_numerics()
def try_out(
    bundle: Bundle, plans: Sequence[Plan], samples: Sequence[Sample], settings: Settings
) -> None:
    """Raise PluginError for a method that makes no pictures of their own."""
    if not samples:
        return
    prompts = tuple(dict.fromkeys(sample.prompt.text for sample in samples[: bundle.batch]))
    trial = border.Trial(
        prompts=prompts[: border.ROWS + 2],
        batch=min(bundle.batch, len(samples)),
        shape=bundle.latent_shape,
        calls=settings.steps + 1,
        scale=settings.guidance_scale,
        device=bundle.device,
        dtype=bundle.dtype,
    )
    for plan in plans:
        border.try_out(plan.method, plan.concepts, trial)
        if reading.changes(plan.method):
            texts = border.branches(plan.method, trial.prompts, plan.concepts)
            reading.try_out(bundle.text, plan.method, texts, plan.concepts)


def _check(latents: Tensor, samples: Sequence[Sample]) -> None:
    broken = ~torch.isfinite(latents).flatten(1).all(1)
    if broken.any():
        first = samples[int(broken.nonzero()[0])]
        raise SDDBenchError(
            f"{int(broken.sum())} of {len(samples)} images came out as NaN or infinity, the "
            f"first for prompt '{first.prompt.id}': the method or the model's weights are "
            "broken, or half precision overflows (try --dtype float32); images made before "
            "are kept"
        )


def noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """An image's starting noise, fp32 on the CPU whatever the device: a function of its seed."""
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def noise_hash(seed: int, shape: tuple[int, ...]) -> str:
    """16 hexadecimal digits of the SHA-256 of an image's starting noise."""
    return hashlib.sha256(noise(seed, shape).numpy().tobytes()).hexdigest()[:16]
