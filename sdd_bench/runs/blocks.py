"""Blocks of a run's images: what a process claims, to make or to judge them alone.

A block is a few prompts and images of each, the same for every request, so that work is divided
into pieces that take a while, and a process that ends early leaves little undone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdd_bench.types import Sample

PROMPTS, IMAGES = 8, 4
"""How many prompts, and images of each, a block has."""


def blocks(samples: Sequence[Sample]) -> dict[str, str]:
    """The block of every image, by its stem; prompts count in the order in which they come."""
    prompts = dict.fromkeys(sample.prompt.id for sample in samples)
    places = {prompt: number // PROMPTS for number, prompt in enumerate(prompts)}
    return {
        sample.stem: f"{places[sample.prompt.id]:05}-{sample.k // IMAGES:04}" for sample in samples
    }
