"""Pictures in rows and columns, with headings: what a grid, a matrix and a training have alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from sdd_bench.analysis.matrix_image import thumbnail

from . import canvas
from .letters import LINE, length, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.04
"""Inches between pictures."""

SMALLEST, LARGEST = 0.62, 1.4
"""Inches of a picture: with more columns than fit, the others go below."""

WIDEST_LABEL = 1.25
"""Inches of the labels of rows."""

LINES = 4
"""Lines of a heading."""

DOTS = 300
"""Pixels of a picture to the inch."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One place of a sheet."""

    picture: Image.Image | None
    caption: str = ""
    outlined: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pictures row by row."""

    rows: Sequence[str]
    columns: Sequence[str]
    """Headings; neighbours that are the same get one between them."""
    tiles: Sequence[Sequence[Tile]]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where everything is, in inches."""

    width: float
    left: float
    """Of the first picture."""
    side: float
    across: int
    """Columns that stand beside each other."""
    caption: float
    """Height of the captions."""

    @classmethod
    def of(cls, sheet: Sheet, width: float) -> _Layout:
        longest = max(
            (length(line) for row in sheet.rows for line in wrapped(row, 9, 1)), default=0
        )
        left = min(longest, WIDEST_LABEL) + 2 * GAP
        room = width - left
        most = max(1, int(room / (SMALLEST + GAP)))
        bands = math.ceil(len(sheet.columns) / most)
        across = math.ceil(len(sheet.columns) / bands)
        side = min(LARGEST, room / across - GAP)
        captions = any(tile.caption for row in sheet.tiles for tile in row)
        return cls(width, left, side, across, LINE if captions else 0.0)

    def x(self, column: int) -> float:
        return self.left + column * (self.side + GAP)

    @property
    def down(self) -> float:
        return self.side + GAP + self.caption


def draw(sheet: Sheet, width: float) -> Figure:
    """The sheet in a figure of so many inches; where the columns don't fit, in several bands."""
    layout = _Layout.of(sheet, width)
    bands = [
        range(start, min(start + layout.across, len(sheet.columns)))
        for start in range(0, len(sheet.columns), layout.across)
    ]
    headings = [list(_headings(sheet, band, layout)) for band in bands]
    heads = [LINE * max(len(lines) for *_, lines in heading) + GAP for heading in headings]
    body = len(sheet.rows) * layout.down
    height = sum(heads) + len(bands) * (body + GAP) + (len(bands) - 1) * LINE
    figure = canvas.blank(width, height, layout=None)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    top = 0.0
    for band, heading, head in zip(bands, headings, heads, strict=True):
        for middle, lines in heading:
            _text(axes, middle, top + head - GAP, lines, "center", "bottom")
        _band(axes, sheet, band, layout, top + head)
        top += head + body + GAP + LINE
    return figure


def _headings(sheet: Sheet, band: range, layout: _Layout) -> Iterator[tuple[float, list[str]]]:
    """The middle and the lines of each heading of a band."""
    for text, members in groupby(band, key=lambda column: sheet.columns[column]):
        columns = [column - band.start for column in members]
        room = len(columns) * (layout.side + GAP) - GAP
        yield layout.x(columns[0]) + room / 2, wrapped(text, room, LINES)


def _band(axes: Axes, sheet: Sheet, band: range, layout: _Layout, top: float) -> None:
    lines = max(1, int(layout.side / LINE))
    for at, label in enumerate(sheet.rows):
        y = top + at * layout.down
        text = wrapped(label, layout.left - 2 * GAP, lines)
        _text(axes, layout.left - GAP, y + layout.side / 2, text, "right", "center")
        for column in band:
            x = layout.x(column - band.start)
            _tile(axes, sheet.tiles[at][column], x, y, layout)


def _tile(axes: Axes, tile: Tile, x: float, y: float, layout: _Layout) -> None:
    side = layout.side
    if tile.picture is None:
        _rectangle(axes, x, y, side, facecolor="#eeeeee", edgecolor="#999999", hatch="////")
        _text(axes, x + side / 2, y + side / 2, ["missing"], "center", "center", onto="#eeeeee")
    else:
        pixels = np.asarray(thumbnail(tile.picture, _pixels(tile.picture, side)))
        where = (x, x + side, y + side, y)
        axes.imshow(pixels, extent=where, interpolation="none", aspect="auto")
    if tile.outlined:
        _rectangle(axes, x, y, side, facecolor="none", edgecolor="black", linewidth=2.0)
    caption = wrapped(tile.caption, side, 1)
    _text(axes, x + side / 2, y + side + GAP / 2, caption, "center", "top")


def _pixels(picture: Image.Image, side: float) -> int:
    """Pixels that are enough for so many inches: fewer are multiplied by a whole number."""
    enough, there = math.ceil(side * DOTS), max(picture.size)
    return enough if there >= enough else there * math.ceil(enough / there)


def _rectangle(axes: Axes, x: float, y: float, side: float, **look: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), side, side, **({"linewidth": 0.5} | look)))


def _text(
    axes: Axes,
    x: float,
    y: float,
    lines: Sequence[str],
    ha: Literal["left", "center", "right"],
    va: Literal["top", "center", "bottom"],
    *,
    onto: str | None = None,
) -> None:
    box = {"facecolor": onto, "edgecolor": "none", "pad": 1.0} if onto else None
    axes.text(x, y, "\n".join(lines), ha=ha, va=va, linespacing=1.1, bbox=box)
