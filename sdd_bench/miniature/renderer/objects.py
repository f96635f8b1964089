"""The fourteen things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .palette import shades
from .shapes import CANVAS, Edge, Frame, Shape, paint

if TYPE_CHECKING:
    from PIL import ImageDraw

    from .scene import Thing

_EDGE_WIDTH = 4.5

THINGS: dict[str, tuple[Shape, ...]] = {
    "apple": (
        ("line", "brown", (0.07, 0.5, 0.3, 0.56, 0.06)),
        ("poly", "leaf 1", (0.56, 0.16, 0.72, 0.0, 0.92, 0.04, 0.78, 0.18)),
        ("oval", "fill", (0.06, 0.22, 0.62, 0.94)),
        ("oval", "fill", (0.38, 0.22, 0.94, 0.94)),
        ("oval", "tint", (0.18, 0.36, 0.34, 0.56)),
    ),
    "ball": (
        ("disc", "fill", (0.5, 0.5, 0.46)),
        ("arc", "tint", (0.07, 0.5, -0.1, 0.5, 52, 128)),
        ("arc", "tint", (0.07, 0.5, 1.1, 0.5, 232, 308)),
        ("line", "tint", (0.07, 0.1, 0.5, 0.9, 0.5)),
    ),
    "boat": (
        ("rect", "brown", (0.46, 0.04, 0.53, 0.7)),
        ("poly", "white", (0.57, 0.06, 0.57, 0.6, 0.94, 0.6)),
        ("poly", "tint", (0.43, 0.16, 0.43, 0.6, 0.12, 0.6)),
        ("poly", "fill", (0.0, 0.66, 1.0, 0.66, 0.82, 0.94, 0.18, 0.94)),
    ),
    "bottle": (
        ("rect", "shade", (0.4, 0.0, 0.6, 0.12)),
        ("rect", "fill", (0.42, 0.1, 0.58, 0.4)),
        ("poly", "fill", (0.42, 0.3, 0.58, 0.3, 0.74, 0.46, 0.74, 1.0, 0.26, 1.0, 0.26, 0.46)),
        ("rect", "white", (0.26, 0.58, 0.74, 0.84)),
    ),
    "car": (
        ("poly", "fill", (0.26, 0.26, 0.68, 0.26, 0.84, 0.5, 0.14, 0.5)),
        ("poly", "fill", (0.0, 0.48, 0.92, 0.48, 1.0, 0.56, 1.0, 0.74, 0.0, 0.74)),
        ("poly", "pane", (0.3, 0.32, 0.45, 0.32, 0.45, 0.48, 0.23, 0.48)),
        ("poly", "pane", (0.52, 0.32, 0.65, 0.32, 0.74, 0.48, 0.52, 0.48)),
        ("disc", "shoe", (0.24, 0.74, 0.14)),
        ("disc", "shoe", (0.77, 0.74, 0.14)),
        ("disc", "white", (0.24, 0.74, 0.06)),
        ("disc", "white", (0.77, 0.74, 0.06)),
    ),
    "cup": (
        ("arc", "fill", (0.1, 0.74, 0.52, 0.18, -100, 100)),
        ("poly", "fill", (0.08, 0.22, 0.76, 0.22, 0.68, 0.9, 0.16, 0.9)),
        ("oval", "tint", (0.08, 0.12, 0.76, 0.32)),
    ),
    "fish": (
        ("poly", "shade", (0.64, 0.5, 1.0, 0.22, 1.0, 0.78)),
        ("poly", "shade", (0.34, 0.3, 0.58, 0.1, 0.62, 0.36)),
        ("oval", "fill", (0.0, 0.24, 0.78, 0.76)),
        ("disc", "white", (0.2, 0.44, 0.085)),
        ("disc", "ink", (0.19, 0.44, 0.045)),
        ("arc", "tint", (0.05, 0.2, 0.5, 0.22, -50, 50)),
    ),
    "flower": (
        ("line", "leaf 1", (0.08, 0.5, 0.4, 0.5, 0.96)),
        ("poly", "leaf 1", (0.5, 0.92, 0.62, 0.68, 0.9, 0.66, 0.74, 0.88)),
        *(
            ("disc", "fill", (x, y, 0.155))
            for x, y in ((0.5, 0.14), (0.72, 0.3), (0.64, 0.54), (0.36, 0.54), (0.28, 0.3))
        ),
        ("disc", "cloud", (0.5, 0.36, 0.14)),
    ),
    "house": (
        ("rect", "shade", (0.68, 0.06, 0.8, 0.36)),
        ("rect", "tint", (0.12, 0.44, 0.88, 0.98)),
        ("poly", "fill", (0.5, 0.02, 1.02, 0.48, -0.02, 0.48)),
        ("rect", "fill", (0.2, 0.6, 0.42, 0.98)),
        ("rect", "fill", (0.56, 0.58, 0.78, 0.78)),
    ),
    "kite": (
        ("line", "fill", (0.035, 0.5, 0.66, 0.62, 0.8, 0.44, 0.9, 0.6, 1.0)),
        ("poly", "fill", (0.5, 0.0, 0.88, 0.3, 0.5, 0.72, 0.12, 0.3)),
        ("poly", "tint", (0.5, 0.0, 0.5, 0.3, 0.12, 0.3)),
        ("poly", "tint", (0.5, 0.72, 0.5, 0.3, 0.88, 0.3)),
    ),
    "lamp": (
        ("rect", "shoe", (0.46, 0.46, 0.54, 0.92)),
        ("rect", "shoe", (0.26, 0.9, 0.74, 1.0)),
        ("poly", "fill", (0.32, 0.02, 0.68, 0.02, 0.94, 0.52, 0.06, 0.52)),
        ("oval", "window", (0.4, 0.5, 0.6, 0.64)),
    ),
    "star": (("star", "fill", (0.5, 0.54, 0.54, 5, 0.45)),),
    "tree": (
        ("rect", "brown", (0.42, 0.7, 0.58, 1.0)),
        ("poly", "fill", (0.5, 0.32, 0.94, 0.8, 0.06, 0.8)),
        ("poly", "fill", (0.5, 0.14, 0.86, 0.56, 0.14, 0.56)),
        ("poly", "fill", (0.5, 0.0, 0.76, 0.32, 0.24, 0.32)),
        ("line", "shade", (0.04, 0.2, 0.56, 0.8, 0.56)),
        ("line", "shade", (0.04, 0.28, 0.33, 0.72, 0.33)),
    ),
    "umbrella": (
        ("line", "shoe", (0.06, 0.5, 0.04, 0.5, 0.86)),
        ("arc", "shoe", (0.06, 0.6, 0.86, 0.1, 0, 180)),
        ("half", "fill", (0.5, 0.52, 0.48)),
        ("poly", "tint", (0.5, 0.06, 0.66, 0.52, 0.34, 0.52)),
    ),
}
"""The shapes of every thing in :data:`.scene.OBJECTS`."""


def put_thing(canvas: ImageDraw.ImageDraw, thing: Thing) -> None:
    """Paint one thing in its colour at its place."""
    side = thing.size * CANVAS
    frame = Frame(thing.x * CANVAS - side / 2, thing.y * CANVAS - side / 2, side)
    colours = shades(thing.colour)
    edge = Edge(colours["edge"], _EDGE_WIDTH)
    paint(canvas, THINGS[thing.name], colours=colours, frame=frame, edge=edge)
