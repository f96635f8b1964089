"""How far a concept's word does what its pictures show, whatever text brings them along.

Removing a word reaches prompts that never name it as far as the two point the same way: what the
word adds to no text, and what a picture of somebody bare has before one of somebody dressed. This
is a property of the model, independent of any method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from sdd_bench.diffusion import generator
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.pndm import PNDM

SCALE, STEPS = 7.5, 25
"""Guidance scale and PNDM steps of the trajectories that are looked at."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A word and what it is to do: what takes one text to another."""

    word: str
    shown: str
    """The text whose pictures mostly show the concept, and by which trajectories are drawn."""
    without: str
    """The text whose pictures never do."""


@torch.inference_mode()
def of_noise(bundle: Bundle, pairs: Sequence[Pair], seeds: Sequence[int]) -> Tensor:
    """Cosines of what a word and what its pictures do to noise estimates, (pairs, seeds, calls).

    Of e(z, word) - e(z, "") with e(z, shown) - e(z, without), at the latents z that the undefended
    model comes by on its way to `shown`.
    """
    return torch.stack([_of_pair(bundle, pair, seeds) for pair in pairs])


def _of_pair(bundle: Bundle, pair: Pair, seeds: Sequence[int]) -> Tensor:
    sampler = PNDM(
        bundle.alphas,
        STEPS,
        final_alpha=bundle.final_alpha,
        offset=bundle.offset,
        double=bundle.dtype == torch.float64,
    )
    latents = torch.stack([generator.noise(seed, bundle.latent_shape) for seed in seeds])
    latents = latents.to(bundle.device, bundle.dtype)
    texts = ("", pair.shown, pair.word, pair.without)
    states = bundle.text(tuple(text for text in texts for _ in seeds))
    cosines = []
    for time in sampler.timesteps:
        rows = torch.cat([latents] * len(texts))
        empty, shown, word, without = bundle.predict(rows, time, states).chunk(len(texts))
        cosines.append(
            F.cosine_similarity(
                (word - empty).flatten(1).double(), (shown - without).flatten(1).double()
            )
        )
        latents = sampler.step(empty + SCALE * (shown - empty), latents)
    return torch.stack(cosines, dim=1)


def of_texts(bundle: Bundle, pairs: Sequence[Pair]) -> Tensor:
    """The same of the text encoder's states at the end token, (pairs,)."""
    end, empty = partial(_end, bundle), _end(bundle, "")
    return torch.stack(
        [
            F.cosine_similarity(end(pair.word) - empty, end(pair.shown) - end(pair.without), dim=0)
            for pair in pairs
        ]
    )


def among(bundle: Bundle, words: Sequence[str]) -> Tensor:
    """The mean cosine of what different words add to no text, in states at the end token."""
    empty = _end(bundle, "")
    unit = F.normalize(torch.stack([_end(bundle, word) - empty for word in words]), dim=1)
    cosines = unit @ unit.T
    return cosines[~torch.eye(len(words), dtype=torch.bool)].mean()


def _end(bundle: Bundle, text: str) -> Tensor:
    """State of a text at its end token, (width,), in double precision."""
    ids = bundle.tokenizer(text).input_ids
    return bundle.text.states(text)[len(ids) - 1].double()
