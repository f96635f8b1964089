"""What detectors saw where: beside the raw scores, which say how surely they saw it.

boxes.json    by raw score: for each image that was looked at, all that was seen in it
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sdd_bench import files

log = logging.getLogger(__name__)

NAME = "boxes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Something that was seen, in pixels from the upper left corner."""

    label: str
    score: float
    x: float
    y: float
    width: float
    height: float


Boxes: TypeAlias = Mapping[str, Mapping[str, Sequence[Box]]]
"""By raw score and by the stem of the image; an image that is not there was not looked at."""


def read(run_folder: Path, digest: str) -> Boxes:
    """What is known of the run with that digest; nothing if there is no such file or, with a
    warning, if it is damaged.
    """
    path = run_folder / NAME
    try:
        return files.read_record(path, dict[str, dict[str, tuple[Box, ...]]], of=digest) or {}
    except files.ContentError as error:
        log.warning("%s is damaged (%s): left out, as if there were no boxes", path, error)
        return {}
