"""The signs of the I2P concepts: one harmless black symbol each, in a frame they all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .shapes import CANVAS, Frame, Shape, paint

if TYPE_CHECKING:
    from PIL import ImageDraw

SIGN_SIDE = 0.37
"""Width and height of a sign as a share of the picture."""

_MARGIN = 0.01
_INSET = 0.19

_OCTAGON = (0.29, 0, 0.71, 0, 1, 0.29, 1, 0.71, 0.71, 1, 0.29, 1, 0, 0.71, 0, 0.29)
_FRAME: tuple[Shape, ...] = (
    ("poly", "paper", _OCTAGON),
    ("poly", "sign", tuple(0.5 + (v - 0.5) * 0.95 for v in _OCTAGON)),
    ("poly", "paper", tuple(0.5 + (v - 0.5) * 0.72 for v in _OCTAGON)),
)


def _drop(x: float, y: float, radius: float) -> tuple[Shape, ...]:
    """A drop around the center of its round part."""
    half, base = 0.9 * radius, y - 0.4 * radius
    return (
        ("disc", "ink", (x, y, radius)),
        ("poly", "ink", (x, y - 2.3 * radius, x + half, base, x - half, base)),
    )


SYMBOLS: dict[str, tuple[Shape, ...]] = {
    # broken heart
    "hate": (
        ("disc", "ink", (0.27, 0.34, 0.24)),
        ("disc", "ink", (0.73, 0.34, 0.24)),
        ("poly", "ink", (0.05, 0.44, 0.95, 0.44, 0.5, 0.98)),
        ("line", "paper", (0.09, 0.5, 0.1, 0.6, 0.35, 0.42, 0.55, 0.54, 0.95)),
    ),
    # speech bubble
    "harassment": (
        ("rect", "ink", (0, 0.06, 1, 0.72)),
        ("poly", "ink", (0.12, 0.6, 0.56, 0.7, 0.12, 1.04)),
        ("rect", "paper", (0.14, 0.2, 0.86, 0.32)),
        ("rect", "paper", (0.14, 0.46, 0.64, 0.58)),
    ),
    # burst
    "violence": (("star", "ink", (0.5, 0.5, 0.58, 8, 0.42)),),
    # sad face
    "suffering": (
        ("disc", "ink", (0.5, 0.5, 0.52)),
        ("disc", "paper", (0.3, 0.36, 0.1)),
        ("disc", "paper", (0.7, 0.36, 0.1)),
        ("arc", "paper", (0.11, 0.5, 0.88, 0.25, 215, 325)),
    ),
    # arrow down
    "humiliation": (
        ("rect", "ink", (0.36, 0, 0.64, 0.55)),
        ("poly", "ink", (0.06, 0.48, 0.94, 0.48, 0.5, 1)),
    ),
    # warning triangle
    "harm": (
        ("poly", "ink", (0.5, -0.04, 1.06, 0.94, -0.06, 0.94)),
        ("line", "paper", (0.11, 0.5, 0.36, 0.5, 0.6)),
        ("disc", "paper", (0.5, 0.78, 0.07)),
    ),
    # hourglass
    "suicide": (
        ("rect", "ink", (0.12, 0, 0.88, 0.13)),
        ("rect", "ink", (0.12, 0.87, 0.88, 1)),
        ("poly", "ink", (0.2, 0.1, 0.8, 0.1, 0.54, 0.5, 0.8, 0.9, 0.2, 0.9, 0.46, 0.5)),
    ),
    # lips
    "sexual": (
        ("poly", "ink", (-0.08, 0.48, 0.3, 0.14, 0.5, 0.26, 0.7, 0.14, 1.08, 0.48)),
        ("poly", "ink", (-0.08, 0.48, 1.08, 0.48, 0.68, 0.9, 0.32, 0.9)),
        ("oval", "paper", (0.2, 0.4, 0.8, 0.62)),
    ),
    # three drops
    "bodily fluids": (*_drop(0.5, 0.3, 0.18), *_drop(0.17, 0.84, 0.18), *_drop(0.83, 0.84, 0.18)),
    # one drop
    "blood": _drop(0.5, 0.68, 0.33),
    # open hand
    "obscene gestures": (
        ("line", "ink", (0.13, 0.28, 0.55, 0.2, 0.2)),
        ("line", "ink", (0.13, 0.45, 0.5, 0.43, 0.06)),
        ("line", "ink", (0.13, 0.62, 0.5, 0.66, 0.1)),
        ("line", "ink", (0.13, 0.62, 0.8, 0.94, 0.5)),
        ("poly", "ink", (0.21, 0.5, 0.7, 0.5, 0.72, 0.85, 0.6, 1, 0.32, 1, 0.21, 0.8)),
    ),
    # bars
    "illegal activity": (
        *(("rect", "ink", (x, 0, x + 0.14, 1)) for x in (0.04, 0.43, 0.82)),
        ("rect", "ink", (-0.02, 0, 1.02, 0.13)),
        ("rect", "ink", (-0.02, 0.87, 1.02, 1)),
    ),
    # pill
    "drug use": (
        ("line", "ink", (0.46, 0.24, 0.76, 0.76, 0.24)),
        ("line", "paper", (0.24, 0.54, 0.46, 0.76, 0.24)),
    ),
    # eye mask
    "theft": (
        ("poly", "ink", (-0.08, 0.22, 0.5, 0.32, 1.08, 0.22, 0.92, 0.7, 0.66, 0.76, 0.5, 0.6)),
        ("poly", "ink", (-0.08, 0.22, 0.5, 0.32, 0.5, 0.6, 0.34, 0.76, 0.08, 0.7)),
        ("oval", "paper", (0.1, 0.34, 0.4, 0.6)),
        ("oval", "paper", (0.6, 0.34, 0.9, 0.6)),
    ),
    # spray can
    "vandalism": (
        ("rect", "ink", (0.46, 0.34, 0.94, 1.02)),
        ("rect", "ink", (0.58, 0.1, 0.82, 0.28)),
        ("disc", "ink", (0.4, 0.16, 0.06)),
        ("disc", "ink", (0.2, 0.04, 0.075)),
        ("disc", "ink", (0.16, 0.22, 0.075)),
        ("disc", "ink", (0.22, 0.4, 0.075)),
    ),
    # crossed lines
    "weapons": (
        ("line", "ink", (0.15, 0.06, 0.06, 0.94, 0.94)),
        ("line", "ink", (0.15, 0.94, 0.06, 0.06, 0.94)),
    ),
    # teddy bear
    "child abuse": (
        ("disc", "ink", (0.18, 0.2, 0.19)),
        ("disc", "ink", (0.82, 0.2, 0.19)),
        ("disc", "ink", (0.5, 0.56, 0.43)),
        ("oval", "paper", (0.32, 0.56, 0.68, 0.84)),
        ("disc", "ink", (0.5, 0.65, 0.07)),
    ),
    # hammer
    "brutality": (
        ("rect", "ink", (0.08, 0.02, 0.92, 0.38)),
        ("rect", "ink", (0.41, 0.3, 0.59, 1.04)),
    ),
    # bolt
    "cruelty": (
        ("poly", "ink", (0.66, -0.06, 0.1, 0.58, 0.44, 0.58, 0.34, 1.06, 0.9, 0.4, 0.56, 0.4)),
    ),
}
"""The symbol of every concept in :data:`.scene.GLYPHS`."""


def put_sign(canvas: ImageDraw.ImageDraw, glyph: str, *, left: bool) -> None:
    """Paint the sign of a concept into an upper corner."""
    start = _MARGIN if left else 1 - _MARGIN - SIGN_SIDE
    side = SIGN_SIDE * CANVAS
    frame = Frame(start * CANVAS, _MARGIN * CANVAS, side)
    paint(canvas, _FRAME, frame=frame)
    inset = _INSET * side
    inner = Frame(frame.left + inset, frame.top + inset, side - 2 * inset)
    paint(canvas, SYMBOLS[glyph], frame=inner)
