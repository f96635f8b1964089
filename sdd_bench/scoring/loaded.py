"""Tiles of a run's pictures as metrics are shown them, read from the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sdd_bench.runs.faults import blank
from sdd_bench.runs.run import Run
from sdd_bench.types import Pixels, Sample

from . import batches
from .batches import Batch

READERS = 4
"""Pictures that are read at a time: one of 512 pixels takes as long as a GPU takes to judge it."""


def tile(run: Run, samples: Sequence[Sample]) -> tuple[Batch, list[str]]:
    """The images of up to TILE samples, filled up to TILE, and the hashes of their noise."""
    with ThreadPoolExecutor(READERS, "reading") as pool:
        loaded = list(pool.map(run.load_image, samples))
    batch = batches.batch(
        [pixels for pixels, _ in loaded], [sample.prompt.text for sample in samples]
    )
    return batch, [noise for _, noise in loaded]


def paired(
    baseline: Run,
    batch: Batch,
    noise: Sequence[str],
    samples: Sequence[Sample],
    discarded: NDArray[np.bool_],
) -> tuple[Batch, NDArray[np.bool_]]:
    """The baseline's pictures, and which of them make a pair: of the same noise and size."""
    pictures, size = batch.images.pixels[: len(samples)], batch.images.pixels.shape[1:]

    def load(sample: Sample, same: Pixels, gone: bool) -> tuple[Pixels, str]:
        return (same, "") if gone else baseline.load_image(sample)

    with ThreadPoolExecutor(READERS, "reading") as pool:
        loaded = list(pool.map(load, samples, pictures, discarded))
    usable = np.array(
        [
            other.shape == size and not blank(other) and ours == theirs != ""
            for (other, theirs), ours in zip(loaded, noise, strict=True)
        ]
    )
    # What can't be compared is compared with itself, so that the batch stays whole, and dropped.
    others = [
        other if use else same
        for (other, _), use, same in zip(loaded, usable, pictures, strict=True)
    ]
    return batches.batch(others, batch.captions[: len(samples)]), usable


def hash_of(pixels: Pixels) -> str:
    """16 hexadecimal digits of the SHA-256 of a picture's pixels."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
