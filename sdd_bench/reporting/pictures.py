"""Small pictures inside the page, in blocks that are decoded when they are looked at."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from PIL import Image

from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.images import hash_of
from sdd_bench.runs.run import Run
from sdd_bench.types import Sample

from .payload import Pictures

BLOCK = 64
"""Pictures that are decoded together."""

SIDE, QUALITY = 160, 50


@dataclass
class Blocks:
    """Thumbnails in base64, in the order in which they were added."""

    full: list[list[str]] = field(default_factory=list)

    def add(self, data: bytes) -> tuple[int, int]:
        """The block and the place in it of a new one."""
        if not self.full or len(self.full[-1]) == BLOCK:
            self.full.append([])
        self.full[-1].append(base64.b64encode(data).decode("ascii"))
        return len(self.full) - 1, len(self.full[-1]) - 1


def of_run(run: Run, blocks: Blocks) -> Pictures:
    """The thumbnails of a run's rows."""
    places = [_place(run, *each, blocks) for each in _wanted(run)]
    return Pictures(
        block=[block for block, _, _ in places],
        index=[index for _, index, _ in places],
        why=[why for *_, why in places],
    )


def nothing(rows: int, why: str) -> Pictures:
    """No picture of any row."""
    return Pictures(block=[-1] * rows, index=[-1] * rows, why=[why] * rows)


def _wanted(run: Run) -> Iterable[tuple[Sample, str]]:
    return zip(run.samples(), run.scores()["image_hash"], strict=True)


def _place(run: Run, sample: Sample, scored: str, blocks: Blocks) -> tuple[int, int, str]:
    try:
        pixels = run.load_image(sample)[0]
    except SDDBenchError:
        return -1, -1, "missing"
    if scored not in {"", hash_of(pixels)}:
        return -1, -1, "another picture than was scored"
    return *blocks.add(thumbnail(Image.fromarray(pixels))), ""


def thumbnail(picture: Image.Image) -> bytes:
    """A picture as WebP, at most SIDE pixels wide and high."""
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()
