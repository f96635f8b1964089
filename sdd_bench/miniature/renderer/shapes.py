"""Flat shapes as data, and the one interpreter that paints them.

A shape is `(kind, colour, numbers)`. Lengths are shares of a square frame with the origin in its
upper left corner; angles are degrees, clockwise from three o'clock. The numbers of each kind:

======  =========================================================
rect    left, top, right, bottom
oval    left, top, right, bottom
disc    center x, center y, radius
half    center x, center y, radius (the upper half of a disc)
poly    x, y, x, y, ...
star    center x, center y, radius, points, inner radius / radius
line    width, x, y, x, y, ...
arc     width, center x, center y, radius, start, end
======  =========================================================
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .palette import PAINT, RGB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import ImageDraw

Shape = tuple[str, str, tuple[float, ...]]
Point = tuple[float, float]

CANVAS = 256
"""Side in pixels of the square that pictures are painted on before they are reduced."""

_STEPS = 28
_STROKES = ("line", "arc")


class Frame(NamedTuple):
    """The square of the canvas that shapes are painted in, in pixels."""

    left: float
    top: float
    side: float


FULL = Frame(0, 0, CANVAS)


class Edge(NamedTuple):
    """An outline around the union of the shapes painted together."""

    colour: RGB
    width: float
    """In pixels of the canvas."""


def _sweep(center: Point, radii: Point, start: float, end: float) -> list[Point]:
    (x, y), (rx, ry) = center, radii
    angles = (math.radians(start + (end - start) * i / _STEPS) for i in range(_STEPS + 1))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def _rect(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _oval(left: float, top: float, right: float, bottom: float) -> list[Point]:
    center = (left + right) / 2, (top + bottom) / 2
    return _sweep(center, ((right - left) / 2, (bottom - top) / 2), 0, 360)


def _disc(x: float, y: float, radius: float) -> list[Point]:
    return _sweep((x, y), (radius, radius), 0, 360)


def _half(x: float, y: float, radius: float) -> list[Point]:
    return _sweep((x, y), (radius, radius), 180, 360)


def _poly(*flat: float) -> list[Point]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _star(x: float, y: float, radius: float, points: float, inner: float) -> list[Point]:
    corners = []
    for i in range(2 * int(points)):
        angle = math.pi * i / points - math.pi / 2
        reach = radius * (inner if i % 2 else 1)
        corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return corners


def _line(_width: float, *flat: float) -> list[Point]:
    return _poly(*flat)


def _arc(_width: float, *rest: float) -> list[Point]:
    x, y, radius, start, end = rest
    return _sweep((x, y), (radius, radius), start, end)


_TRACERS: dict[str, Callable[..., list[Point]]] = {
    "rect": _rect,
    "oval": _oval,
    "disc": _disc,
    "half": _half,
    "poly": _poly,
    "star": _star,
    "line": _line,
    "arc": _arc,
}


@lru_cache(maxsize=4096)
def _trace(kind: str, numbers: tuple[float, ...]) -> list[Point]:
    return _TRACERS[kind](*numbers)


def _stroke(canvas: ImageDraw.ImageDraw, points: list[Point], colour: RGB, width: float) -> None:
    canvas.line(points, colour, round(width))
    radius = width / 2
    for x, y in points:
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), colour)


def paint(
    canvas: ImageDraw.ImageDraw,
    shapes: Sequence[Shape],
    *,
    colours: Mapping[str, RGB] = PAINT,
    frame: Frame = FULL,
    edge: Edge | None = None,
) -> None:
    """Paint shapes in order, on top of an outline around all of them if there is an `edge`."""
    left, top, side = frame
    traces = [
        [(left + x * side, top + y * side) for x, y in _trace(kind, numbers)]
        for kind, _, numbers in shapes
    ]
    widths = [numbers[0] * side if kind in _STROKES else 0 for kind, _, numbers in shapes]
    if edge:
        for (kind, _, _), points, width in zip(shapes, traces, widths, strict=True):
            closed = points if kind in _STROKES else [*points, points[0]]
            _stroke(canvas, closed, edge.colour, width + 2 * edge.width)
    for (kind, colour, _), points, width in zip(shapes, traces, widths, strict=True):
        if kind in _STROKES:
            _stroke(canvas, points, colours[colour], width)
        else:
            canvas.polygon(points, colours[colour])
