"""How far erasing one word reaches: edits of the cross-attention in closed form, without training.

    python benchmarks/word_direction.py --out edits [--word nudity] [--model miniature]
    sdd-bench run --method sd --checkpoint edits/1.0.safetensors --suite country_body

The direction d of a word is the mean difference between its text states and those of the empty
text over the positions of the padding, which carry most of a short text. Every matrix W that reads
texts (keys and values) becomes W (I - a d d'). With a = 1 the network no longer sees the direction:
the word reads like no text, which is what SDD's loss asks for. With a > 1 it is pushed to the
other side, as ESD's loss asks for. What the benchmark says of these weights is a mark to hold a
training with such a goal against, for prompts that never name the word.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from sdd_bench import models
from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.training.trainee import trainable

FACTORS = (1.0, 1.5, 2.0)


def direction(bundle: Bundle, word: str) -> Tensor:
    """Unit vector (width,) of a word in the space of text states."""
    ids = bundle.tokenizer(word).input_ids  # with the start, and the end as the first padding
    difference = bundle.text.states(word) - bundle.text.states("")
    return torch.nn.functional.normalize(difference[len(ids) - 1 :].mean(0), dim=0)


def edited(bundle: Bundle, word: str, factor: float) -> dict[str, Tensor]:
    """Key and value matrices with `factor` times their share along the word's direction gone."""
    d = direction(bundle, word)
    kept = torch.eye(len(d)) - factor * torch.outer(d, d)
    weights = trainable(bundle.unet, "xattn-kv")
    return {name: (weight.detach() @ kept).contiguous() for name, weight in weights.items()}


def main() -> None:
    """Write one checkpoint per factor."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--word", default="nudity")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoints")
    options = parser.parse_args()
    bundle = loading.load(models.find(options.model), device="cpu", dtype="float32")
    options.out.mkdir(parents=True, exist_ok=True)
    for factor in FACTORS:
        path = options.out / f"{factor}.safetensors"
        save_file(edited(bundle, options.word, factor), path)
        print(path)


if __name__ == "__main__":
    main()
