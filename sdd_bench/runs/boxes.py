"""What detectors saw where: beside the raw scores, which say how surely they saw it.

boxes.parquet    a row for each box, by raw score and image: the stem of the image, the hash of the
                 pixels that were looked at, and the box; without a label where nothing was seen
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from sdd_bench import files
from sdd_bench.types import Box

from . import parts

log = logging.getLogger(__name__)

NAME = "boxes.parquet"

_TEXTS, _NUMBERS = (
    ("measure", "image", "image_hash", "label"),
    ("score", "x", "y", "width", "height"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a detector saw in an image."""

    pixels: str
    """The hash of those that it looked at: another picture of that name is none of these."""
    boxes: tuple[Box, ...]


Boxes: TypeAlias = Mapping[str, Mapping[str, Seen]]
"""By raw score and by the stem of the image; an image that is not there was not looked at."""


def check(path: Path, digest: str) -> Boxes:
    """What a file says of the run with that digest; nothing if there is none. Raises ValueError of
    what no run has written, or another one.
    """
    table = files.read_parquet(path, of=digest)
    if table is None:
        return {}
    if list(table.columns) != [*_TEXTS, *_NUMBERS]:
        raise ValueError("its columns are others")
    found: dict[str, dict[str, Seen]] = {}
    try:
        numbers = table[[*_NUMBERS]].to_numpy(dtype=np.float64).tolist()
    except (TypeError, ValueError) as error:
        raise ValueError(f"a box has other than numbers: {error}") from error
    for row, (measure, image, pixels, label) in enumerate(table[[*_TEXTS]].itertuples(index=False)):
        of_measure = found.setdefault(str(measure), {})
        seen = of_measure.get(str(image), Seen(str(pixels), ()))
        score, x, y, width, height = numbers[row]
        box = Box(label=str(label), score=score, x=x, y=y, width=width, height=height)
        of_measure[str(image)] = Seen(seen.pixels, (*seen.boxes, box) if label else seen.boxes)
    return found


def read(run_folder: Path, digest: str, part: str = "") -> Boxes:
    """What is known of the run with that digest, or only what that part of it says; nothing if
    there is no such file or, with a warning, if it is damaged.
    """
    file = run_folder / NAME
    if part:
        return _readable(parts.path(file, part), digest)
    found = _readable(file, digest)
    for path in parts.of(file):
        found = joined(_readable(path, digest), found)
    return found


def joined(first: Boxes, second: Boxes) -> Boxes:
    """What either has, and of an image in both what the first has."""
    names = {*first, *second}
    return {name: {**second.get(name, {}), **first.get(name, {})} for name in names}


def _readable(path: Path, digest: str) -> Boxes:
    try:
        return check(path, digest)
    except ValueError as error:
        log.warning("%s is damaged (%s): left out, as if there were no boxes", path, error)
        return {}


def write(run_folder: Path, found: Boxes, digest: str, part: str = "") -> None:
    """Replace what is known of the run with that digest, or that part of it."""
    rows = [
        (measure, image, seen.pixels, box.label, box.score, box.x, box.y, box.width, box.height)
        for measure, images in sorted(found.items())
        for image, seen in sorted(images.items())
        for box in seen.boxes or [_NOTHING]
    ]
    table = pd.DataFrame(rows, columns=[*_TEXTS, *_NUMBERS])
    types = dict.fromkeys(_TEXTS, "str") | dict.fromkeys(_NUMBERS, "float64")
    path = parts.path(run_folder / NAME, part)
    files.write_parquet(path, table.astype(types), of=digest)


_NOTHING = Box(label="", score=0, x=0, y=0, width=0, height=0)
"""What stands for an image in which nothing was seen."""
