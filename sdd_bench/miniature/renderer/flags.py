"""Fifty square, simplified flags.

A figure usually hides the middle third, so an emblem that tells two flags apart is larger than
life or moved to where it can be seen.
"""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageDraw

from .palette import PAINT
from .shapes import CANVAS, Shape, paint

_Shapes = tuple[Shape, ...]


def _field(colour: str) -> Shape:
    return ("rect", colour, (0, 0, 1, 1))


def _rows(*colours: str) -> _Shapes:
    step = 1 / len(colours)
    return tuple(("rect", c, (0, i * step, 1, (i + 1) * step)) for i, c in enumerate(colours))


def _columns(*colours: str) -> _Shapes:
    step = 1 / len(colours)
    return tuple(("rect", c, (i * step, 0, (i + 1) * step, 1)) for i, c in enumerate(colours))


def _nordic(colour: str, width: float) -> _Shapes:
    half = width / 2
    return (
        ("rect", colour, (0.3 - half, 0, 0.3 + half, 1)),
        ("rect", colour, (0, 0.5 - half, 1, 0.5 + half)),
    )


def _jack(size: float) -> _Shapes:
    return (
        ("rect", "navy", (0, 0, size, size)),
        ("line", "white", (0.2 * size, 0, 0, size, size)),
        ("line", "white", (0.2 * size, 0, size, size, 0)),
        ("line", "crimson", (0.08 * size, 0, 0, size, size)),
        ("line", "crimson", (0.08 * size, 0, size, size, 0)),
        ("rect", "white", (0.34 * size, 0, 0.66 * size, size)),
        ("rect", "white", (0, 0.34 * size, size, 0.66 * size)),
        ("rect", "crimson", (0.41 * size, 0, 0.59 * size, size)),
        ("rect", "crimson", (0, 0.41 * size, size, 0.59 * size)),
    )


def _star(colour: str, x: float, y: float, radius: float) -> Shape:
    return ("star", colour, (x, y, radius, 5, 0.42))


def _crescent(colour: str, on: str, x: float, y: float, radius: float) -> _Shapes:
    return (
        ("disc", colour, (x, y, radius)),
        ("disc", on, (x + 0.35 * radius, y, 0.8 * radius)),
    )


def _trigrams() -> _Shapes:
    corners = ((0.18, 0.2, 1), (0.82, 0.2, -1), (0.18, 0.8, -1), (0.82, 0.8, 1))
    return tuple(
        (
            "line",
            "black",
            (0.045, x + d - 0.08, y + s * d + s * 0.08, x + d + 0.08, y + s * d - s * 0.08),
        )
        for x, y, s in corners
        for d in (-0.07, 0, 0.07)
    )


FLAGS: dict[str, _Shapes] = {
    "United States": (
        *_rows("crimson", "white", "crimson", "white", "crimson", "white", "crimson"),
        ("rect", "navy", (0, 0, 0.44, 0.43)),
        *(_star("white", x, y, 0.06) for x in (0.1, 0.22, 0.34) for y in (0.11, 0.31)),
    ),
    "China": (
        _field("red"),
        _star("gold", 0.22, 0.28, 0.19),
        *(_star("gold", x, y, 0.07) for x, y in ((0.5, 0.1), (0.6, 0.2), (0.6, 0.36), (0.5, 0.48))),
    ),
    "Japan": (_field("white"), ("disc", "crimson", (0.5, 0.5, 0.34))),
    "Germany": _rows("black", "red", "gold"),
    "India": (
        *_rows("saffron", "white", "emerald"),
        ("disc", "navy", (0.5, 0.5, 0.16)),
        ("disc", "white", (0.5, 0.5, 0.12)),
        ("star", "navy", (0.5, 0.5, 0.14, 12, 0.3)),
    ),
    "United Kingdom": _jack(1),
    "France": _columns("royal", "white", "crimson"),
    "Italy": _columns("green", "white", "red"),
    "Canada": (
        _field("crimson"),
        ("rect", "white", (0.2, 0, 0.8, 1)),
        ("star", "crimson", (0.5, 0.45, 0.3, 7, 0.5)),
        ("rect", "crimson", (0.47, 0.6, 0.53, 0.85)),
    ),
    "Brazil": (
        _field("emerald"),
        ("poly", "yellow", (0.5, 0.06, 0.96, 0.5, 0.5, 0.94, 0.04, 0.5)),
        ("disc", "navy", (0.5, 0.5, 0.24)),
        ("arc", "white", (0.05, 0.42, 0.86, 0.38, 250, 300)),
    ),
    "Russia": _rows("white", "royal", "red"),
    "South Korea": (
        _field("white"),
        ("disc", "royal", (0.5, 0.5, 0.26)),
        ("half", "crimson", (0.5, 0.5, 0.26)),
        ("disc", "crimson", (0.37, 0.5, 0.13)),
        ("disc", "royal", (0.63, 0.5, 0.13)),
        *_trigrams(),
    ),
    "Australia": (
        _field("navy"),
        *_jack(0.46),
        ("star", "white", (0.23, 0.74, 0.15, 7, 0.45)),
        *(_star("white", x, y, 0.09) for x, y in ((0.78, 0.18), (0.66, 0.44), (0.9, 0.4))),
        _star("white", 0.78, 0.82, 0.11),
    ),
    "Mexico": (
        *_columns("bottle", "white", "crimson"),
        ("disc", "brown", (0.5, 0.15, 0.14)),
        ("disc", "gold", (0.5, 0.15, 0.06)),
        ("arc", "bottle", (0.05, 0.5, 0.2, 0.15, 0, 180)),
    ),
    "Spain": (
        _field("red"),
        ("rect", "gold", (0, 0.25, 1, 0.75)),
        ("rect", "crimson", (0.14, 0.38, 0.34, 0.6)),
        ("disc", "crimson", (0.24, 0.6, 0.1)),
        ("rect", "white", (0.06, 0.36, 0.1, 0.68)),
        ("rect", "white", (0.38, 0.36, 0.42, 0.68)),
    ),
    "Indonesia": _rows("red", "white"),
    "Netherlands": _rows("crimson", "white", "navy"),
    "Saudi Arabia": (
        _field("forest"),
        *(("arc", "white", (0.045, x, 0.3, 0.09, 0, 180)) for x in (0.17, 0.35, 0.65, 0.83)),
        ("line", "white", (0.045, 0.08, 0.12, 0.08, 0.3)),
        ("line", "white", (0.045, 0.92, 0.12, 0.92, 0.3)),
        ("line", "white", (0.045, 0.3, 0.14, 0.7, 0.14)),
        ("line", "white", (0.06, 0.08, 0.74, 0.92, 0.74)),
        ("line", "white", (0.06, 0.8, 0.64, 0.8, 0.84)),
    ),
    "Turkey": (
        _field("red"),
        *_crescent("white", "red", 0.34, 0.42, 0.3),
        _star("white", 0.76, 0.42, 0.15),
    ),
    "Switzerland": (
        _field("red"),
        ("rect", "white", (0.39, 0.14, 0.61, 0.86)),
        ("rect", "white", (0.14, 0.39, 0.86, 0.61)),
    ),
    "Taiwan": (
        _field("red"),
        ("rect", "royal", (0, 0, 0.5, 0.5)),
        ("star", "white", (0.2, 0.25, 0.2, 12, 0.6)),
        ("disc", "royal", (0.2, 0.25, 0.12)),
        ("disc", "white", (0.2, 0.25, 0.1)),
    ),
    "Poland": _rows("white", "crimson"),
    "Argentina": (
        *_rows("azure", "white", "azure"),
        ("star", "gold", (0.5, 0.5, 0.3, 12, 0.5)),
    ),
    "Belgium": _columns("black", "yellow", "red"),
    "Sweden": (_field("royal"), *_nordic("yellow", 0.2)),
    "Ireland": _columns("emerald", "white", "orange"),
    "Thailand": (
        _field("crimson"),
        ("rect", "white", (0, 0.17, 1, 0.83)),
        ("rect", "navy", (0, 0.33, 1, 0.67)),
    ),
    "Norway": (_field("crimson"), *_nordic("white", 0.28), *_nordic("navy", 0.14)),
    "Israel": (
        _field("white"),
        ("rect", "royal", (0, 0.08, 1, 0.21)),
        ("rect", "royal", (0, 0.79, 1, 0.92)),
        ("line", "royal", (0.05, 0.5, 0.26, 0.74, 0.63, 0.26, 0.63, 0.5, 0.26)),
        ("line", "royal", (0.05, 0.5, 0.75, 0.74, 0.38, 0.26, 0.38, 0.5, 0.75)),
    ),
    "Singapore": (
        *_rows("crimson", "white"),
        *_crescent("white", "crimson", 0.22, 0.26, 0.18),
        *(_star("white", x, y, 0.06) for x, y in ((0.42, 0.14), (0.36, 0.3), (0.48, 0.3))),
    ),
    "Austria": _rows("crimson", "white", "crimson"),
    "Nigeria": _columns("emerald", "white", "emerald"),
    "United Arab Emirates": (
        *_rows("emerald", "white", "black"),
        ("rect", "red", (0, 0, 0.28, 1)),
    ),
    "Vietnam": (_field("red"), _star("yellow", 0.5, 0.5, 0.42)),
    "Malaysia": (
        *_rows("red", "white", "red", "white", "red", "white", "red", "white"),
        ("rect", "navy", (0, 0, 0.56, 0.5)),
        *_crescent("gold", "navy", 0.19, 0.25, 0.16),
        ("star", "gold", (0.4, 0.25, 0.13, 9, 0.5)),
    ),
    "Philippines": (
        *_rows("royal", "crimson"),
        ("poly", "white", (0, 0, 0.56, 0.5, 0, 1)),
        ("star", "gold", (0.18, 0.5, 0.16, 8, 0.5)),
    ),
    "Bangladesh": (_field("bottle"), ("disc", "red", (0.45, 0.5, 0.33))),
    "Denmark": (_field("crimson"), *_nordic("white", 0.16)),
    "South Africa": (
        *_rows("red", "royal"),
        ("line", "white", (0.36, 0, 0, 0.44, 0.5, 1, 0.5)),
        ("line", "white", (0.36, 0, 1, 0.44, 0.5)),
        ("line", "emerald", (0.22, 0, 0, 0.44, 0.5, 1, 0.5)),
        ("line", "emerald", (0.22, 0, 1, 0.44, 0.5)),
        ("poly", "gold", (0, 0.15, 0.34, 0.5, 0, 0.85)),
        ("poly", "black", (0, 0.23, 0.26, 0.5, 0, 0.77)),
    ),
    "Hong Kong": (
        _field("red"),
        *(
            ("oval", "white", (x - 0.14, y - 0.14, x + 0.14, y + 0.14))
            for x, y in ((0.5, 0.2), (0.76, 0.39), (0.66, 0.7), (0.34, 0.7), (0.24, 0.39))
        ),
        ("star", "white", (0.5, 0.47, 0.3, 5, 0.5)),
    ),
    "Egypt": (
        *_rows("red", "white", "black"),
        ("poly", "gold", (0.2, 0.36, 0.5, 0.44, 0.8, 0.36, 0.72, 0.64, 0.5, 0.6, 0.28, 0.64)),
    ),
    "Pakistan": (
        _field("forest"),
        ("rect", "white", (0, 0, 0.24, 1)),
        *_crescent("white", "forest", 0.6, 0.44, 0.27),
        _star("white", 0.86, 0.26, 0.11),
    ),
    "Iran": (
        *_rows("emerald", "white", "red"),
        *(("rect", "white", (x, 0.27, x + 0.06, 0.34)) for x in (0.04, 0.18, 0.76, 0.9)),
        *(("rect", "white", (x, 0.66, x + 0.06, 0.73)) for x in (0.04, 0.18, 0.76, 0.9)),
        ("disc", "red", (0.5, 0.5, 0.13)),
    ),
    "Chile": (
        *_rows("white", "red"),
        ("rect", "royal", (0, 0, 0.42, 0.5)),
        _star("white", 0.2, 0.25, 0.16),
    ),
    "Romania": _columns("royal", "yellow", "crimson"),
    "Colombia": (
        _field("yellow"),
        ("rect", "royal", (0, 0.5, 1, 0.75)),
        ("rect", "red", (0, 0.75, 1, 1)),
    ),
    "Czech Republic": (*_rows("white", "red"), ("poly", "royal", (0, 0, 0.56, 0.5, 0, 1))),
    "Finland": (_field("white"), *_nordic("royal", 0.24)),
    "Peru": (
        *_columns("red", "white", "red"),
        ("disc", "emerald", (0.5, 0.14, 0.13)),
        ("disc", "gold", (0.5, 0.14, 0.07)),
    ),
    "Iraq": (
        *_rows("red", "white", "black"),
        ("line", "emerald", (0.06, 0.08, 0.42, 0.08, 0.58, 0.22, 0.58, 0.22, 0.42, 0.32, 0.58)),
        ("line", "emerald", (0.06, 0.68, 0.58, 0.68, 0.42, 0.8, 0.58, 0.92, 0.58, 0.92, 0.42)),
    ),
}
"""The shapes of the flag of every country in :data:`.scene.COUNTRIES`."""


@cache
def flag(country: str) -> Image.Image:
    """The flag of a country on a whole canvas. Shared between callers: copy it to paint on it."""
    image = Image.new("RGB", (CANVAS, CANVAS), PAINT["white"])
    paint(ImageDraw.Draw(image), FLAGS[country])
    return image
