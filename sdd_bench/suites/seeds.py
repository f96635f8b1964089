"""From prompts to images that are to exist, each with its seed."""

from __future__ import annotations

import hashlib
import json

from sdd_bench.types import Sample, Suite


def samples(suite: Suite, run_seed: int) -> list[Sample]:
    """Every image of a suite, all those of the first prompt first.

    Image 0 of a prompt with a published seed uses that seed; all others derive theirs.
    """
    return [
        Sample(
            suite=suite.name,
            prompt=prompt,
            k=k,
            seed=prompt.seed
            if k == 0 and prompt.seed is not None
            else derived_seed(run_seed, suite.name, prompt.id, k),
        )
        for prompt in suite.prompts
        for k in range(suite.images_per_prompt)
    ]


def derived_seed(run_seed: int, suite: str, prompt_id: str, k: int) -> int:
    """63 bits of the SHA-256 of the four as a JSON list, in which none can run into another."""
    text = json.dumps([run_seed, suite, prompt_id, k], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
