"""Small pictures inside the page, as WebP, in blocks that are decoded when they come into view."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from PIL import Image, ImageEnhance
from PIL.ImageFilter import GaussianBlur

from .gallery import Gallery
from .payload import Pictures
from .sampling import Place

T = TypeVar("T")

BLOCK = 64
"""Pictures that are decoded together."""

NO_ROOM = "beyond what the page can hold"

LARGEST = 30_000
"""Bytes that a small picture has on average at most: few pictures don't make a large page."""

PROBES = 48
"""Pictures, evenly spaced among all, by which size and quality are chosen."""

MARGIN = 1.03
"""By so much others may be larger than those."""

BLURRED = 8
"""Pixels of a picture that nobody has asked for: colours, and nothing to be recognized."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how good small pictures are."""

    side: int
    """Pixels that they are wide and high at most."""
    quality: int | None
    """Of WebP; None: without loss."""

    def small(self, picture: Image.Image) -> bytes:
        """A picture as WebP; smaller ones are not enlarged."""
        copy = picture.copy()
        copy.thumbnail((self.side, self.side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        if self.quality is None:
            copy.save(buffer, format="WEBP", lossless=True, quality=50, method=4)
        else:
            copy.save(buffer, format="WEBP", quality=self.quality, method=4)
        return buffer.getvalue()

    def __str__(self) -> str:
        quality = "without loss" if self.quality is None else f"quality {self.quality}"
        return f"at most {self.side} pixels wide and high, WebP, {quality}"


SCALES = (
    Scale(512, None),
    Scale(512, 95),
    Scale(512, 85),
    Scale(512, 75),
    Scale(384, 75),
    Scale(288, 75),
    Scale(224, 70),
    Scale(192, 60),
    Scale(160, 50),
    Scale(144, 45),
    Scale(128, 40),
    Scale(96, 30),
    Scale(64, 20),
)
"""From the best to the smallest."""


def blur(picture: Image.Image) -> bytes:
    """What is left of a picture until it is asked for, as WebP."""
    longest = max(picture.size)
    width, height = (max(1, round(BLURRED * side / longest)) for side in picture.size)
    buffer = io.BytesIO()
    tiny = picture.resize((width, height), Image.Resampling.BOX).filter(GaussianBlur(1))
    ImageEnhance.Color(tiny).enhance(0.6).save(buffer, format="WEBP", quality=50)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Kept:
    """A small picture in the page."""

    block: int
    index: int
    """Place in that block."""
    blurred: str
    """In base64."""


@dataclass
class Blocks:
    """Pictures in base64, in the order in which they were added."""

    full: list[list[str]] = field(default_factory=list)
    size: int = 0
    """Characters, those of the blurred copies too."""

    def add(self, data: bytes, blurred: bytes, budget: float = math.inf) -> Kept | None:
        """Where a new one is, with its blurred copy; None if it would be beyond the budget."""
        text, veil = (base64.b64encode(each).decode("ascii") for each in (data, blurred))
        size = self.size + len(text) + len(veil) + 6  # quotes and commas
        if size > budget:
            return None
        if not self.full or len(self.full[-1]) == BLOCK:
            self.full.append([])
        self.full[-1].append(text)
        self.size = size
        return Kept(len(self.full) - 1, len(self.full[-1]) - 1, veil)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnails:
    """The small pictures of a page."""

    scale: Scale
    blocks: Blocks
    places: dict[Place, Kept]
    failed: dict[Place, str]
    """Why there is none after all."""


def columns(found: Sequence[Kept | str]) -> Pictures:
    """Pictures, or why there is none, as the page holds them."""
    none = [Kept(-1, -1, "") if isinstance(each, str) else each for each in found]
    return Pictures(
        block=[each.block for each in none],
        index=[each.index for each in none],
        blurred=[each.blurred for each in none],
        why=[each if isinstance(each, str) else "" for each in found],
    )


def shrink(galleries: Sequence[Gallery], places: Sequence[Place], budget: int) -> Thumbnails:
    """The pictures, as large and as good as `budget` characters of base64 allow for so many."""
    at = _first(galleries, places, budget)
    while True:
        shown = _shrunk(galleries, places, SCALES[at], budget)
        left = [each for each in places if each not in shown.places and each not in shown.failed]
        if not left or at == len(SCALES) - 1:
            return replace(shown, failed={**shown.failed, **dict.fromkeys(left, NO_ROOM)})
        at += 1  # the others were larger than those that were tried


def _first(galleries: Sequence[Gallery], places: Sequence[Place], budget: int) -> int:
    """The best scale that pictures which are tried out have room at."""
    step = max(1, -(-len(places) // PROBES))
    found = [each for _, each in read(galleries, places[::step], lambda picture: picture)]
    pictures = [each for each in found if not isinstance(each, str)]
    if not pictures:
        return 0
    room = min(LARGEST, budget * 3 / 4 / len(places))
    for at, scale in enumerate(SCALES):
        if MARGIN * sum(len(scale.small(each)) for each in pictures) <= room * len(pictures):
            return at
    return len(SCALES) - 1


def _shrunk(
    galleries: Sequence[Gallery], places: Sequence[Place], scale: Scale, budget: int
) -> Thumbnails:
    shown = Thumbnails(scale=scale, blocks=Blocks(), places={}, failed={})
    for place, both in read(galleries, places, lambda each: (scale.small(each), blur(each))):
        if isinstance(both, str):
            shown.failed[place] = both
        elif (added := shown.blocks.add(*both, budget)) is None:
            break
        else:
            shown.places[place] = added
    return shown


def read(
    galleries: Sequence[Gallery], places: Sequence[Place], work: Callable[[Image.Image], T]
) -> Iterator[tuple[Place, T | str]]:
    """What `work` makes of each picture, or why there is none, in the order of `places`.

    Several are in work at a time, and never more than a few in memory.
    """

    def done(place: Place) -> T | str:
        picture = galleries[place[0]].picture(place[1])
        return picture if isinstance(picture, str) else work(picture)

    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(places), 4 * workers):
            batch = places[start : start + 4 * workers]
            yield from zip(batch, pool.map(done, batch), strict=True)
