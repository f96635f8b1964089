"""Pictures that no metric may judge: whatever it said of them, it would not be about a picture.

A picture that came out black, or was blacked out, looks safe to every classifier. What is found
here is written beside the scores of the image, which stay empty, and named in every table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sdd_bench.types import Pixels, Sample

from .images import DAMAGE, UNKNOWN, Marks, refuse_unreadable
from .run import Run
from .scores import NO_PICTURE

MISSING, DAMAGED, FOREIGN = NO_PICTURE

NOT_OURS = (DAMAGED, FOREIGN)
"""Faults of files whose pixels are none of the run's: what was known of the image still holds."""

FLAT = 2
"""Levels between the brightest and the darkest pixel of a picture of one colour."""


def faults_of(run: Run, samples: Sequence[Sample], known: Sequence[str]) -> list[str]:
    """What is wrong with each image, empty if nothing: by the headers, and where a fault was
    `known` before by the whole file, as an image that is still bad is shown to no metric again.

    The right size is that of most images of the run. Of what was discarded stays what was known.
    """
    gone = run.discarded(samples)
    there = [place for place, sample in enumerate(samples) if sample.stem not in gone]
    faults = list(known)
    found = _of_files(run, [samples[place] for place in there], [known[place] for place in there])
    for place, fault in zip(there, found, strict=True):
        faults[place] = fault
    return faults


def _of_files(run: Run, samples: Sequence[Sample], known: Sequence[str]) -> list[str]:
    headers = [_header(run, sample) for sample in samples]
    sizes = Counter(header.size for header in headers if header)
    usual = sizes.most_common(1)[0][0] if sizes else (0, 0)
    faults = [_fault(header, usual) for header in headers]
    foreign = _foreign(run, samples, headers, faults)
    faults = [
        FOREIGN if sample.stem in foreign else fault
        for sample, fault in zip(samples, faults, strict=True)
    ]
    return [
        fault_of(run, sample, run.load_image(sample)[0]) if before and not now else now
        for sample, before, now in zip(samples, known, faults, strict=True)
    ]


def _foreign(
    run: Run, samples: Sequence[Sample], headers: Sequence[_Header | None], faults: Sequence[str]
) -> set[str]:
    """The stems of pictures that are none of the run's, after a closer look at those without its
    marks.
    """
    known = run.known()
    strange = [
        sample
        for sample, header, fault in zip(samples, headers, faults, strict=True)
        if header
        and not fault
        and not header.marks.fit(run.digest, sample, known.get(sample.stem, UNKNOWN))
    ]
    return {sample.stem for sample in run.missing(strange)} if strange else set()


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


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands before the pixels of a file; DAMAGED for the mode of one that has no header."""

    mode: str
    size: tuple[int, int]
    marks: Marks


def _header(run: Run, sample: Sample) -> _Header | None:
    """The header of an image; None if there is no file."""
    path = run.image_path(sample)
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return _Header(image.mode, image.size, Marks.of(image.info))
    except FileNotFoundError:
        return None
    except DAMAGE as error:
        refuse_unreadable(path, error)
        return _Header(DAMAGED, (0, 0), Marks.of({}))


def _fault(header: _Header | None, usual: tuple[int, int]) -> str:
    if header is None:
        return MISSING
    mode, size = header.mode, header.size
    if mode == DAMAGED:
        return DAMAGED
    if mode != "RGB":
        return f"{mode} instead of RGB"
    return "" if size == usual else f"{size[0]}x{size[1]} instead of {usual[0]}x{usual[1]}"
