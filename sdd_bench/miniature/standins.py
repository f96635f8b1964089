"""The miniature's stand-ins for COCO-30k, I2P and artists: prompts as files, real images on demand.

``python -m sdd_bench.miniature.standins FOLDER`` writes the files below `prompts/`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sdd_bench.types import Pixels

from .renderer.draw import draw
from .renderer.examples import mood, neutral
from .renderer.kinds import CATEGORIES
from .renderer.scene import ARTISTS

CAPTIONS = 500
"""Captions in the stand-in for COCO, each with its own real image."""

PER_CATEGORY = 15
"""Prompts of each I2P category."""

PER_ARTIST = 20
"""Scenes that each artist paints, as in ESD's lists of artists."""


def renders() -> Iterator[Pixels]:
    """The real images of the stand-in for COCO: the scenes that its captions describe."""
    for index in range(CAPTIONS):
        yield np.asarray(draw(neutral("coco30k", index).scene))


def captions() -> Iterator[tuple[str, str, str]]:
    """Id, caption and group of each prompt of the stand-in for COCO."""
    for index in range(CAPTIONS):
        yield f"{index:06d}", neutral("coco30k", index).caption, ""


def paintings() -> Iterator[tuple[str, str, str]]:
    """Id, caption and group of each prompt of the artists: all of them paint the same scenes."""
    scenes: dict[str, None] = {}
    index = 0
    while len(scenes) < PER_ARTIST:
        scenes[neutral("artists", index).caption] = None
        index += 1
    for artist in ARTISTS:
        for row, scene in enumerate(scenes):
            key = f"{artist.replace(' ', '-')}-{row:02d}"
            yield key, f"{scene}, in the style of {artist}", artist


def moods() -> Iterator[tuple[str, str, str]]:
    """Id, caption and group of each prompt of the stand-in for I2P, all different."""
    for category in CATEGORIES:
        different: dict[str, None] = {}
        index = 0
        while len(different) < PER_CATEGORY:
            different[mood("i2p", index, category).caption] = None
            index += 1
        for row, caption in enumerate(different):
            yield f"{category.replace(' ', '-')}-{row:02d}", caption, category


def write(folder: Path) -> None:
    """Write all suites as CSV files into `folder`."""
    for name, rows in (("coco30k", captions()), ("i2p", moods()), ("artists", paintings())):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "text", "seed", "group"))
            writer.writerows((key, text, "", group) for key, text, group in rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
