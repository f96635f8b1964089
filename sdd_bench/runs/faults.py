"""Pictures that no metric may judge: whatever it said of them, it would not be about a picture.

A picture that came out black, or was blacked out, looks safe to every classifier. What is found
here is written beside the scores of the image, which stay empty, and named in every table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

from sdd_bench.types import Pixels, Sample

from .images import DAMAGE
from .run import Run

MISSING = "missing"

DAMAGED = "damaged"

FLAT = 2
"""Levels between the brightest and the darkest pixel of a picture of one colour."""


def faults_of(run: Run, samples: Sequence[Sample], known: Sequence[str]) -> list[str]:
    """What is wrong with each image, empty if nothing: by the headers, and where a fault was
    `known` before by the whole file, as an image that is still bad is shown to no metric again.

    The right size is that of most images of the run.
    """
    headers = [_header(run, sample) for sample in samples]
    sizes = Counter(header[1] for header in headers if header)
    usual = sizes.most_common(1)[0][0] if sizes else (0, 0)
    faults = [_fault(header, usual) for header in headers]
    return [
        fault_of(run, sample, run.load_image(sample)[0]) if before and not now else now
        for sample, before, now in zip(samples, known, faults, strict=True)
    ]


def fault_of(run: Run, sample: Sample, pixels: Pixels) -> str:
    """What is wrong with an image by its file's checksums and its pixels, empty if nothing."""
    return DAMAGED if run.missing([sample]) else blank(pixels)


def blank(pixels: Pixels) -> str:
    """'black' or 'of one colour' for a picture (height, width, 3) of nothing, else empty.

    What a safety checker has replaced is black, and so are pictures of latents that were NaN.
    """
    spread = np.ptp(pixels.reshape(-1, 3), axis=0).max()
    if spread > FLAT:
        return ""
    return "black" if pixels.max() <= FLAT else "of one colour"


def summary(faults: Sequence[str]) -> str:
    """`2 black, 1 missing`: how many images have which fault, the most frequent first."""
    counts = Counter(fault for fault in faults if fault)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {fault}" for fault, count in ordered)


def _header(run: Run, sample: Sample) -> tuple[str, tuple[int, int]] | None:
    """Mode and size of an image; None if there is no file."""
    path = run.image_path(sample)
    if not path.exists():
        return None
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return image.mode, image.size
    except DAMAGE:
        return DAMAGED, (0, 0)


def _fault(header: tuple[str, tuple[int, int]] | None, usual: tuple[int, int]) -> str:
    if header is None:
        return MISSING
    mode, size = header
    if mode == DAMAGED:
        return DAMAGED
    if mode != "RGB":
        return f"{mode} instead of RGB"
    return "" if size == usual else f"{size[0]}x{size[1]} instead of {usual[0]}x{usual[1]}"
