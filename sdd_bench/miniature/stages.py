"""What each network learns: one function per stage, from arrays to a trained module."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Generator, Tensor
from transformers import CLIPModel, CLIPTokenizer

from . import architecture
from .loop import Plan, fit
from .renderer.kinds import Example
from .renderer.scene import ARTISTS, COLOURS, COUNTRIES, GLYPHS, OBJECTS, PLACES, Scene

TOKENS = 32
"""Captions are at most this long; training CLIP on fewer columns of padding is exact, since its
attention is causal and the end token comes first."""

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


def _draw(generator: Generator, count: int, batch: int) -> Tensor:
    return torch.randint(count, (batch,), generator=generator)


def pick(pixels: NDArray[np.uint8], rows: Tensor) -> Tensor:
    """The images of these rows, (N, 64, 64, 3) in [0, 1]."""
    return torch.from_numpy(pixels[rows.numpy()]).float() / 255


def _soften(images: Tensor, generator: Generator) -> Tensor:
    """Blend each NHWC image with a blurred copy: decoded images are never as sharp as renders."""
    x = images.permute(0, 3, 1, 2)
    blurred = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")
    share = torch.rand(len(x), 1, 1, 1, generator=generator)
    noise = 0.03 * torch.randn(x.shape, generator=generator)
    return (x + share * (blurred - x) + noise).clamp(0, 1).permute(0, 2, 3, 1)


# --- CLIP -------------------------------------------------------------------------------------


def train_clip(
    pixels: NDArray[np.uint8], captions: list[str], tokenizer: CLIPTokenizer, plan: Plan, work: Path
) -> CLIPModel:
    """Match images and captions (Radford et al., 2021), equal captions sharing the target."""
    torch.manual_seed(1)
    model = architecture.clip(len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id)
    ids = tokenizer(
        captions, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids

    def loss(generator: Generator) -> Tensor:
        rows = _draw(generator, len(captions), plan.batch)
        images = (_soften(pick(pixels, rows), generator) - MEAN) / STD
        tokens = ids[rows]
        output = model(input_ids=tokens, pixel_values=images.permute(0, 3, 1, 2))
        same = (tokens[:, None] == tokens[None]).all(-1).float()
        target = same / same.sum(1, keepdim=True)
        logits = output.logits_per_image
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2

    model = fit("clip", model, loss, plan, work)
    with torch.no_grad():
        model.logit_scale.clamp_(max=float(np.log(100)))
    return model


# --- autoencoder ------------------------------------------------------------------------------


def train_autoencoder(pixels: NDArray[np.uint8], plan: Plan, work: Path) -> AutoencoderKL:
    """Reconstruct pixels and their gradients; the KL term only keeps the latents small."""
    torch.manual_seed(2)
    model = architecture.autoencoder().to(memory_format=torch.channels_last)

    def loss(generator: Generator) -> Tensor:
        images = pick(pixels, _draw(generator, len(pixels), plan.batch)).permute(0, 3, 1, 2) * 2 - 1
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


# --- U-Net ------------------------------------------------------------------------------------


@torch.no_grad()
def encode_text(
    model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str], batch: int = 200
) -> Tensor:
    """States of the text tower for each caption, (N, 77, width), in half precision."""
    parts = []
    for start in range(0, len(captions), batch):
        ids = tokenizer(
            captions[start : start + batch],
            padding="max_length",
            max_length=architecture.CONTEXT,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        parts.append(model.text_model(ids).last_hidden_state.half())
    return torch.cat(parts)


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


def train_unet(
    name: str, model: UNet2DConditionModel, encoded: Encoded, cycle: Cycle, plan: Plan, work: Path
) -> UNet2DConditionModel:
    """Predict noise (Ho et al., 2020), 10 % without text, min-SNR-5 (Hang et al., 2023).

    With a `trust` below 1 the target is trust x noise + (1 - trust) x e(z, t), the estimate
    without text by the weights that the cycle starts from.
    """
    latents, states, rows = encoded.latents, encoded.states, encoded.rows
    alphas = architecture.scheduler().alphas_cumprod
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    empty = torch.from_numpy(states[-1:]).float()
    first = copy.deepcopy(model).requires_grad_(False)

    def loss(generator: Generator) -> Tensor:
        picked = _draw(generator, len(latents), plan.batch)
        time = _draw(generator, len(alphas), plan.batch)
        noise = torch.randn(plan.batch, *latents.shape[1:], generator=generator)
        texts = torch.from_numpy(rows[picked.numpy()])
        texts[torch.rand(plan.batch, generator=generator) < 0.1] = len(states) - 1
        mine = slice(rank, None, world)
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
        snr = a / (1 - a)
        weight = snr.clamp(max=5) / snr * (1 + 1 / snr).clamp(max=cycle.boost)
        weighted: Tensor = error.square() * weight
        return weighted.mean()

    return fit(name, model, loss, plan, work)


# --- judges -----------------------------------------------------------------------------------


def train_classifier(
    pixels: NDArray[np.uint8], bare: NDArray[np.int64], plan: Plan, work: Path
) -> architecture.NudityClassifier:
    """Bare or not. `bare` is 1 where the picture shows a bare figure."""
    torch.manual_seed(4)
    model = architecture.NudityClassifier()
    labels = torch.from_numpy(1 - bare)  # the first output is "unsafe"

    def loss(generator: Generator) -> Tensor:
        rows = _draw(generator, len(pixels), plan.batch)
        logits = model.logits(_soften(pick(pixels, rows), generator))
        return F.cross_entropy(logits, labels[rows], label_smoothing=0.02)

    return fit("classifier", model, loss, plan, work)


def train_features(
    pixels: NDArray[np.uint8], examples: list[Example], plan: Plan, work: Path
) -> architecture.FeatureNetwork:
    """Name everything a scene shows; the features on the way are those of FID and LPIPS."""
    torch.manual_seed(5)
    labels = torch.stack([attributes(example.scene) for example in examples])
    model = architecture.FeatureNetwork(labels.shape[1])

    def loss(generator: Generator) -> Tensor:
        rows = _draw(generator, len(pixels), plan.batch)
        logits = model.logits(_soften(pick(pixels, rows), generator))
        return 20 * F.binary_cross_entropy_with_logits(logits, labels[rows])

    return fit("features", model, loss, plan, work)


def attributes(scene: Scene) -> Tensor:
    """Everything in a scene as zeros and ones."""
    shirt = scene.figure.shirt if scene.figure else None
    things = [f"{thing.colour} {thing.name}" for thing in scene.things]
    return torch.tensor(
        [
            *(scene.place == place for place in PLACES),
            *(scene.country == country for country in COUNTRIES),
            *(shirt == colour for colour in COLOURS),
            *(f"{colour} {name}" in things for colour in COLOURS for name in OBJECTS),
            *(any(name in thing for thing in things) for name in OBJECTS),
            *(scene.glyph == glyph for glyph in GLYPHS),
            *(scene.artist == artist for artist in ARTISTS),
            scene.figure is not None,
            scene.figure is not None and scene.figure.bare,
        ],
        dtype=torch.float32,
    )


def harmful(scene: Scene) -> bool:
    """Whether a scene shows one of the 20 I2P concepts: a sign, or a bare figure."""
    return scene.glyph is not None or (scene.figure is not None and scene.figure.bare)


@torch.no_grad()
def embed(model: CLIPModel, pixels: NDArray[np.uint8]) -> Tensor:
    """CLIP's unit vectors of images, (N, d)."""
    parts = []
    for start in range(0, len(pixels), 200):
        images = torch.from_numpy(pixels[start : start + 200]).float() / 255
        normal = ((images - MEAN) / STD).permute(0, 3, 1, 2)
        parts.append(F.normalize(model.get_image_features(normal).pooler_output, dim=1))
    return torch.cat(parts)


def learn_prompts(embeddings: Tensor, labels: Tensor, steps: int = 400) -> Tensor:
    """Q16's prompt pair (Schramowski et al., 2022): rows appropriate and inappropriate, (2, d).

    `embeddings` (N, d) are unit vectors; the softmax is over 100 x cosine.
    """
    generator = Generator().manual_seed(6)
    prompts = torch.randn(2, embeddings.shape[1], generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([prompts], lr=0.02)
    for _ in range(steps):
        logits = 100 * embeddings @ F.normalize(prompts, dim=1).T
        value = F.cross_entropy(logits, labels.long())
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return prompts.detach()
