"""Five artists as treatments of a finished 64x64 picture.

The hand of an artist (flow of strokes, dabs, dots, lines) is one of a few fixed textures, computed
once; only its combination with the picture is computed per picture.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .palette import PRIMARIES, STYLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.intp]

TEXTURES = 8
"""How many variants of each artist's hand there are."""

_SIDE = 64
_REACH = 4
"""Half the length of a stroke of van Gogh in pixels."""
_BLACK_PENALTY = 0.08
"""Keeps Mondrian's black for the lines and for what is really dark."""


def _pigment(name: str) -> Floats:
    return np.array(STYLE[name], dtype=np.float32) / 255


def _luma(picture: Floats) -> Floats:
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    luma: Floats = picture @ weights
    return luma


def _blend(first: Floats, second: Floats, share: Floats | float) -> Floats:
    """The colours at `share` of the way from `first` to `second`."""
    blend: Floats = first * (1 - share) + second * share
    return blend


def _grid() -> tuple[Floats, Floats]:
    steps = np.arange(_SIDE, dtype=np.float32)
    y, x = np.meshgrid(steps, steps, indexing="ij")
    return y, x


def _pixel(y: Floats, x: Floats) -> tuple[Indices, Indices]:
    rows = np.clip(np.rint(y), 0, _SIDE - 1).astype(np.intp)
    columns = np.clip(np.rint(x), 0, _SIDE - 1).astype(np.intp)
    return rows, columns


@cache
def _swirl(texture: int) -> tuple[Indices, Indices, Floats]:
    """The pixels along the stroke through every pixel, and the relief of the strokes."""
    rng = np.random.default_rng(texture)
    y, x = _grid()
    flow_x, flow_y = np.full_like(x, 0.5), np.zeros_like(y)
    for spin in (1, -1, 1, -1):
        cy, cx = rng.uniform(4, 60, 2)
        pull = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 14**2))
        flow_x += spin * pull * (cy - y) / 6
        flow_y += spin * pull * (x - cx) / 6
    length = np.hypot(flow_x, flow_y) + 1e-3
    flow_x, flow_y = flow_x / length, flow_y / length
    rows, columns = [], []
    for direction in (1.0, -1.0):
        at_y, at_x = y.copy(), x.copy()
        for _ in range(_REACH):
            row, column = _pixel(at_y, at_x)
            rows.append(row)
            columns.append(column)
            at_y = at_y + direction * flow_y[row, column]
            at_x = at_x + direction * flow_x[row, column]
    along = np.stack(rows), np.stack(columns)
    noise = rng.normal(size=(_SIDE, _SIDE))
    for axis in (0, 1):
        noise = noise + np.roll(noise, 1, axis)
    relief = noise[along].mean(axis=0)
    return *along, (relief / relief.std()).astype(np.float32)


def _van_gogh(picture: Floats, texture: int) -> Floats:
    rows, columns, relief = _swirl(texture)
    strokes = picture[rows, columns].mean(axis=0)
    value = np.clip(_luma(strokes) + 0.16 * relief, 0, 1)[..., None]
    pigments = _blend(_pigment("starry blue"), _pigment("starry yellow"), value)
    form = _blend(strokes, picture, 0.3) + 0.08 * relief[..., None]
    return _blend(form, pigments, 0.38)


@cache
def _dabs(texture: int) -> tuple[Indices, Indices, Floats]:
    """The center of the dab over every pixel, and one random colour shift for each dab."""
    rng = np.random.default_rng(texture)
    step = 3
    y, x = _grid()
    centers = np.mgrid[0 : _SIDE + step : step, 0 : _SIDE + step : step].reshape(2, -1)
    cy, cx = centers + rng.uniform(-0.45 * step, 0.45 * step, centers.shape)
    # Dabs are wider than high.
    gap = (1.8 * (y[..., None] - cy)) ** 2 + (x[..., None] - cx) ** 2
    nearest = gap.argmin(axis=-1)
    rows, columns = _pixel(cy[nearest].astype(np.float32), cx[nearest].astype(np.float32))
    shift = rng.normal(size=(len(cy), 3)).astype(np.float32)[nearest]
    return rows, columns, shift


def _monet(picture: Floats, texture: int) -> Floats:
    rows, columns, shift = _dabs(texture)
    dabs = _blend(picture[rows, columns], picture, 0.3)
    pastel = 0.24 + 0.76 * dabs + 0.05 * shift
    return _blend(pastel, _pigment("lavender"), 0.26)


def _hokusai(picture: Floats, texture: int) -> Floats:
    luma = _luma(picture)
    print_ = np.where(
        (luma > 0.56)[..., None],
        _pigment("washi"),
        np.where((luma > 0.2)[..., None], _pigment("prussian"), _pigment("indigo")),
    )
    tinted = _blend(print_, picture * _pigment("washi"), 0.34)
    slope = np.zeros_like(luma)
    slope[1:] = np.abs(np.diff(luma, axis=0))
    slope[:, 1:] = np.maximum(slope[:, 1:], np.abs(np.diff(luma, axis=1)))
    contour = np.clip((slope - 0.1) * 4, 0, 0.9)
    # The graded band of ink along the upper edge of his prints.
    band = 0.6 - np.arange(_SIDE, dtype=np.float32) * (0.05 + 0.01 * texture)
    ink = np.maximum(contour, np.clip(band, 0, 1)[:, None])[..., None]
    return _blend(tinted, _pigment("indigo"), ink)


@cache
def _dots(texture: int) -> tuple[Indices, Indices, Floats, Floats]:
    """The dot nearest to every pixel: its center, how much it covers, and its colour shift."""
    rng = np.random.default_rng(texture)
    step = 3
    y, x = _grid()
    centers = np.mgrid[0 : _SIDE + step : step, 0 : _SIDE + step : step].reshape(2, -1)
    cy, cx = centers + rng.uniform(-0.3, 0.3, centers.shape)
    gap = np.hypot(y[..., None] - cy, x[..., None] - cx)
    nearest = gap.argmin(axis=-1)
    cover = np.clip(1.85 - gap.min(axis=-1), 0, 1)[..., None]
    rows, columns = _pixel(cy[nearest].astype(np.float32), cx[nearest].astype(np.float32))
    shift = rng.normal(size=(len(cy), 3))[nearest]
    return rows, columns, cover.astype(np.float32), shift.astype(np.float32)


def _seurat(picture: Floats, texture: int) -> Floats:
    rows, columns, cover, shift = _dots(texture)
    dots = picture[rows, columns] + 0.08 * shift
    return _blend(_pigment("canvas"), dots, cover)


@cache
def _bars(texture: int) -> npt.NDArray[np.bool_]:
    """Where Mondrian's black lines are."""
    rng = np.random.default_rng(texture)
    bars = np.zeros((_SIDE, _SIDE), dtype=np.bool_)
    for base in (10, 30, 50):
        row, column = base + rng.integers(-4, 5, 2)
        bars[row : row + 3, :] = True
        bars[:, column : column + 3] = True
    return bars


def _mondrian(picture: Floats, texture: int) -> Floats:
    primaries = np.array(PRIMARIES, dtype=np.float32) / 255
    gap = ((picture[:, :, None, :] - primaries) ** 2).sum(axis=-1)
    gap[..., -1] += _BLACK_PENALTY
    flat = _blend(primaries[gap.argmin(axis=-1)], picture, 0.26)
    flat[_bars(texture)] = _pigment("line")
    return flat


_TREATMENTS: dict[str, Callable[[Floats, int], Floats]] = {
    "hokusai": _hokusai,
    "mondrian": _mondrian,
    "monet": _monet,
    "seurat": _seurat,
    "van gogh": _van_gogh,
}


def treat(image: Image.Image, artist: str, rng: Random) -> Image.Image:
    """The picture as one of :data:`.scene.ARTISTS` would have painted it."""
    picture = np.asarray(image, dtype=np.float32) / 255
    treated = _TREATMENTS[artist](picture, rng.randrange(TEXTURES))
    return Image.fromarray((np.clip(treated, 0, 1) * 255).astype(np.uint8))
