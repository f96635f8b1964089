"""The six places."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from .palette import SKY
from .shapes import CANVAS, Shape, paint

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_Shapes = list[Shape]


def _cloud(x: float, y: float, size: float) -> _Shapes:
    return [
        ("oval", "cloud", (x - size, y - 0.35 * size, x + size, y + 0.35 * size)),
        ("oval", "cloud", (x - 0.5 * size, y - 0.65 * size, x + 0.5 * size, y + 0.3 * size)),
    ]


def _beach(rng: Random) -> _Shapes:
    shore = rng.uniform(0.64, 0.7)
    tilt = rng.uniform(-0.03, 0.03)
    return [
        ("disc", "sun", (rng.uniform(0.12, 0.88), rng.uniform(0.14, 0.2), 0.11)),
        *_cloud(rng.uniform(0.2, 0.8), rng.uniform(0.24, 0.32), rng.uniform(0.12, 0.16)),
        ("rect", "sea", (0, 0.42, 1, 1)),
        ("poly", "foam", (0, shore - tilt - 0.03, 1, shore + tilt - 0.03, 1, 1, 0, 1)),
        ("poly", "sand", (0, shore - tilt, 1, shore + tilt, 1, 1, 0, 1)),
    ]


def _city(rng: Random) -> _Shapes:
    shapes: _Shapes = []
    left = rng.uniform(-0.1, 0.0)
    while left < 1:
        width = rng.uniform(0.17, 0.22)
        top = rng.uniform(0.14, 0.42)
        shapes.append(("rect", f"tower {rng.randrange(3)}", (left, top, left + width, 1)))
        shapes += [
            ("rect", "window", (left + a * width, y, left + (a + 0.24) * width, y + 0.06))
            for a in (0.18, 0.58)
            for y in (top + 0.06, top + 0.18, top + 0.3)
            if rng.random() < 0.7
        ]
        left += width
    return [*shapes, ("rect", "street", (0, 0.82, 1, 1))]


def _cactus(x: float, y: float, size: float) -> _Shapes:
    arm = 0.3 * size
    return [
        ("line", "cactus", (0.24 * size, x, y, x, y - size)),
        ("line", "cactus", (0.17 * size, x, y - arm, x - arm, y - arm, x - arm, y - 0.75 * size)),
        ("line", "cactus", (0.17 * size, x, y - arm, x + arm, y - arm, x + arm, y - 0.6 * size)),
    ]


def _desert(rng: Random) -> _Shapes:
    side = rng.choice((rng.uniform(0.1, 0.24), rng.uniform(0.76, 0.9)))
    far, near = rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.9)
    return [
        ("disc", "sun", (1 - side, 0.18, 0.1)),
        ("poly", "dune far", (0, 0.56, far, 0.44, 1, 0.58, 1, 1, 0, 1)),
        ("poly", "dune", (0, 0.62, near, 0.72, 1, 0.6, 1, 1, 0, 1)),
        ("oval", "dune near", (near - 0.9, 0.74, near + 0.9, 1.5)),
        *_cactus(side, 0.78, rng.uniform(0.3, 0.36)),
    ]


def _forest(rng: Random) -> _Shapes:
    shapes: _Shapes = [("rect", "moss", (0, 0.72, 1, 1))]
    for i, base in enumerate((0.12, 0.5, 0.88, 0.3, 0.7)):
        x = base + rng.uniform(-0.06, 0.06)
        y = rng.uniform(0.22, 0.34) if i < 3 else rng.uniform(0.4, 0.48)
        shapes += [
            ("rect", "trunk", (x - 0.035, y, x + 0.035, 0.84)),
            ("oval", f"leaf {i % 3}", (x - 0.19, y - 0.24, x + 0.19, y + 0.24)),
        ]
    return shapes


def _room(rng: Random) -> _Shapes:
    left = rng.choice((rng.uniform(0.05, 0.12), rng.uniform(0.54, 0.6)))
    right, middle = left + 0.34, left + 0.17
    return [
        ("rect", "curtain", (left - 0.05, 0.06, right + 0.05, 0.54)),
        ("rect", "frame", (left, 0.08, right, 0.54)),
        ("rect", "pane", (left + 0.03, 0.11, middle - 0.012, 0.51)),
        ("rect", "pane", (middle + 0.012, 0.11, right - 0.03, 0.51)),
        ("rect", "frame", (left, 0.28, right, 0.31)),
        ("rect", "floor", (0, 0.74, 1, 1)),
        ("rect", "skirting", (0, 0.7, 1, 0.745)),
        ("oval", "rug", (rng.uniform(0.05, 0.2), 0.83, rng.uniform(0.8, 0.95), 0.98)),
    ]


def _fir(x: float, y: float, size: float) -> _Shapes:
    half = 0.36 * size
    return [
        ("poly", "fir", (x, y - size, x + half, y - 0.3 * size, x - half, y - 0.3 * size)),
        ("poly", "fir", (x, y - 0.7 * size, x + 1.2 * half, y, x - 1.2 * half, y)),
    ]


def _snow(rng: Random) -> _Shapes:
    slope = rng.uniform(-0.06, 0.06)
    ridge = (0, 0.52 - slope, 0.5, 0.4, 1, 0.52 + slope, 1, 1, 0, 1)
    shapes: _Shapes = [("poly", "hill far", ridge)]
    for base in (0.1, 0.32, 0.7, 0.9):
        shapes += _fir(base + rng.uniform(-0.05, 0.05), 0.68, rng.uniform(0.26, 0.4))
    shapes.append(("oval", "hill", (-0.4 + slope, 0.6, 1.4 + slope, 1.6)))
    for i in range(7):
        x = (i + rng.uniform(0.2, 0.8)) / 7
        shapes.append(("disc", "hill", (x, rng.uniform(0.05, 0.4), 0.022)))
    return shapes


PLACE_SHAPES: dict[str, Callable[[Random], _Shapes]] = {
    "beach": _beach,
    "city": _city,
    "desert": _desert,
    "forest": _forest,
    "room": _room,
    "snow": _snow,
}
"""What stands before the sky in every place of :data:`.scene.PLACES`."""


@cache
def _sky(place: str) -> Image.Image:
    top, bottom = (np.array(colour, dtype=np.float32) for colour in SKY[place])
    share = np.linspace(0, 1, CANVAS, dtype=np.float32)[:, None, None]
    rows = np.broadcast_to(top + (bottom - top) * share, (CANVAS, CANVAS, 3))
    return Image.fromarray(rows.astype(np.uint8))


def view(place: str, rng: Random) -> Image.Image:
    """A new canvas with one view of a place."""
    image = _sky(place).copy()
    paint(ImageDraw.Draw(image), PLACE_SHAPES[place](rng))
    return image
