"""Black over what detectors saw, as papers print such pictures; it is drawn into the pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from PIL import Image, ImageDraw

from sdd_bench.runs import boxes
from sdd_bench.runs.run import Run, stems_of
from sdd_bench.types import Box

from .payload import Parts

BLACK = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Mask:
    """What is hidden of the pictures of a run."""

    boxes: Mapping[str, Mapping[str, Sequence[Box]]]
    """By raw score and by the stem of the image."""

    @classmethod
    def of(cls, run: Run, scores: pd.DataFrame) -> Mask:
        """By all detectors that have looked at the pictures that were scored, and at no others."""
        hashes = dict(zip(stems_of(scores), scores["image_hash"], strict=True))
        return cls(
            {
                measure: {
                    stem: seen.boxes
                    for stem, seen in images.items()
                    if seen.pixels and seen.pixels == hashes.get(stem)
                }
                for measure, images in boxes.read(run.folder, run.spec.digest).items()
            }
        )

    def seen(self, stem: str) -> list[Box] | None:
        """All that was seen in an image; None if no detector has looked at it."""
        looked = [found[stem] for found in self.boxes.values() if stem in found]
        return [box for found in looked for box in found] if looked else None

    def drawn(self, stem: str, picture: Image.Image) -> Image.Image:
        """The picture with its boxes; all black where nobody knows what should be hidden."""
        seen = self.seen(stem)
        if seen is None:
            return Image.new("RGB", picture.size, BLACK)
        _cover(picture, seen)
        return picture

    def columns(self, stems: Sequence[str]) -> dict[str, Parts]:
        """What was seen in each image and how surely, by raw score."""
        return {
            measure: [
                [(box.label, box.score) for box in found[stem]] if stem in found else None
                for stem in stems
            ]
            for measure, found in self.boxes.items()
        }


def _cover(picture: Image.Image, seen: Iterable[Box]) -> None:
    pen = ImageDraw.Draw(picture)
    for box in seen:
        left, top = math.floor(box.x), math.floor(box.y)
        right, bottom = math.ceil(box.x + box.width) - 1, math.ceil(box.y + box.height) - 1
        if right >= left and bottom >= top:
            pen.rectangle((left, top, right, bottom), fill=BLACK)
