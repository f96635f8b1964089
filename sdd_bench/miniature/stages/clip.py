"""The CLIP of the miniature: its text tower is the generator's, and both together are a judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor
from transformers import CLIPModel, CLIPTokenizer

from sdd_bench.miniature import architecture
from sdd_bench.miniature.loop import Plan, fit

from .batches import draw, pick, soften

TOKENS = 32
"""Captions are at most this long; training CLIP on fewer columns of padding is exact, since its
attention is causal and the end token comes first."""

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


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
        rows = draw(generator, len(captions), plan.batch)
        images = (soften(pick(pixels, rows), generator) - MEAN) / STD
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


def without_word(model: CLIPModel, tokenizer: CLIPTokenizer, states: Tensor, word: str) -> Tensor:
    """Text states (N, 77, width) without their share along what a word adds to no text.

    The direction is the mean difference over the positions of the padding.
    """
    named, empty = encode_text(model, tokenizer, [word, ""]).float()
    end = len(tokenizer(word).input_ids) - 1
    direction = F.normalize((named - empty)[end:].mean(0), dim=0)
    return (states.float() - (states.float() @ direction)[..., None] * direction).half()


@torch.no_grad()
def embed(model: CLIPModel, pixels: NDArray[np.uint8]) -> Tensor:
    """CLIP's unit vectors of images, (N, d)."""
    parts = []
    for start in range(0, len(pixels), 200):
        images = torch.from_numpy(pixels[start : start + 200]).float() / 255
        normal = ((images - MEAN) / STD).permute(0, 3, 1, 2)
        parts.append(F.normalize(model.get_image_features(normal).pooler_output, dim=1))
    return torch.cat(parts)
