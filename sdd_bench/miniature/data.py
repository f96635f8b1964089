"""Rendered examples as arrays, cached in the work folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .renderer.draw import SIDE, draw
from .renderer.examples import example
from .renderer.kinds import Example

CHUNK = 500


def render(split: str, count: int, folder: Path) -> NDArray[np.uint8]:
    """The first `count` examples of `split`, (count, 64, 64, 3), read-only from a cached file."""
    path = folder / f"{split}-{count}-{_renderer()}.npy"
    if not path.exists():
        starts = range(0, count, CHUNK)
        with ProcessPoolExecutor() as pool:
            chunks = list(pool.map(partial(_chunk, split, count), starts))
        partial_file = path.with_suffix(".tmp.npy")
        np.save(partial_file, np.concatenate(chunks))
        partial_file.rename(path)
    pixels: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return pixels


@dataclass(frozen=True, slots=True)
class Digests:
    """Hashes of a split's examples."""

    pictures: str
    scenes: str
    """What is true of the pictures."""
    captions: str


@cache
def digests(split: str, count: int, folder: Path) -> Digests:
    """Those of what :func:`render` and :func:`examples` give."""
    made = examples(split, count)
    return Digests(
        pictures=hashlib.sha256(render(split, count, folder).data).hexdigest(),
        scenes=_hash(repr(each.scene) for each in made),
        captions=_hash(each.caption for each in made),
    )


def _hash(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@cache
def _renderer() -> str:
    """Ten digits of the hash of the renderer's code."""
    files = sorted((Path(__file__).parent / "renderer").glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:10]


def _chunk(split: str, count: int, start: int) -> NDArray[np.uint8]:
    stop = min(start + CHUNK, count)
    pixels = np.empty((stop - start, SIDE, SIDE, 3), dtype=np.uint8)
    for row, index in enumerate(range(start, stop)):
        pixels[row] = np.asarray(draw(example(split, index).scene))
    return pixels


def examples(split: str, count: int) -> list[Example]:
    """The truths and captions behind :func:`render`."""
    return [example(split, index) for index in range(count)]


def distinct(captions: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The different captions in order of appearance, and each caption's place among them."""
    order: dict[str, int] = {}
    rows = [order.setdefault(caption, len(order)) for caption in captions]
    return list(order), np.asarray(rows, dtype=np.int64)


def write_json(path: Path, content: object) -> None:
    """Readable, diffable, the same bytes for the same content."""
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
