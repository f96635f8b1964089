"""The dressed person and the bare wooden mannequin, on one skeleton."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .palette import PAINT, shades
from .shapes import Edge, Point, Shape, paint

if TYPE_CHECKING:
    from random import Random

    from PIL import ImageDraw

    from .scene import Figure

_EDGE_WIDTH = 4.5
_UPPER_ARM = 0.15
_FOREARM = 0.14


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pose:
    """Where the joints are; pairs are the left and the right one."""

    head: Point
    chest: Point
    waist: Point
    shoulders: tuple[Point, Point]
    elbows: tuple[Point, Point]
    hands: tuple[Point, Point]
    hips: tuple[Point, Point]
    knees: tuple[Point, Point]
    feet: tuple[Point, Point]


def _reach(start: Point, angle: float, length: float) -> Point:
    return start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)


def _pose(x: float, rng: Random) -> _Pose:
    lean = rng.uniform(-0.025, 0.025)
    stride = rng.uniform(0.06, 0.085)
    lift, bend = (rng.uniform(0.3, 0.75), rng.uniform(0.3, 0.9)), rng.uniform(-0.3, 0.5)
    top = x + lean
    shoulders = (top - 0.1, 0.475), (top + 0.1, 0.475)
    elbows = (
        _reach(shoulders[0], -lift[0], _UPPER_ARM),
        _reach(shoulders[1], lift[1], _UPPER_ARM),
    )
    hands = (
        _reach(elbows[0], -lift[0] + 0.2, _FOREARM),
        _reach(elbows[1], lift[1] + bend, _FOREARM),
    )
    hips = (x - 0.05, 0.7), (x + 0.05, 0.7)
    feet = (x - stride, 0.955), (x + stride, 0.955)
    knees = (x - 0.5 * (stride + 0.06), 0.83), (x + 0.5 * (stride + 0.06), 0.83)
    return _Pose(
        head=(x + 1.4 * lean, 0.335),
        chest=(top, 0.52),
        waist=(x, 0.66),
        shoulders=shoulders,
        elbows=elbows,
        hands=hands,
        hips=hips,
        knees=knees,
        feet=feet,
    )


def _limb(colour: str, width: float, *joints: Point) -> Shape:
    return ("line", colour, (width, *(v for joint in joints for v in joint)))


def _ball(colour: str, center: Point, radius: float) -> Shape:
    return ("disc", colour, (*center, radius))


def _person(pose: _Pose, rng: Random) -> list[Shape]:
    skin, hair = f"skin {rng.randrange(3)}", f"hair {rng.randrange(3)}"
    x, y = pose.head
    sides = (0, 1)
    shirt = (
        *(pose.shoulders[0][0] - 0.02, pose.shoulders[0][1] - 0.03),
        *(pose.shoulders[1][0] + 0.02, pose.shoulders[1][1] - 0.03),
        *(pose.waist[0] + 0.105, 0.74),
        *(pose.waist[0] - 0.105, 0.74),
    )
    return [
        *(_limb("trousers", 0.095, pose.hips[i], pose.knees[i], pose.feet[i]) for i in sides),
        *(
            ("oval", "shoe", (fx - 0.065 + 0.02 * s, 0.925, fx + 0.065 + 0.02 * s, 0.985))
            for s, (fx, _) in zip((-1, 1), pose.feet, strict=True)
        ),
        *(_limb(skin, 0.06, pose.elbows[i], pose.hands[i]) for i in sides),
        _limb(skin, 0.07, pose.head, pose.chest),
        *(_limb("fill", 0.09, pose.shoulders[i], pose.elbows[i]) for i in sides),
        ("poly", "fill", shirt),
        _ball(hair, (x, y - 0.015), 0.092),
        ("oval", skin, (x - 0.07, y - 0.055, x + 0.07, y + 0.09)),
        ("half", hair, (x, y - 0.025, 0.085)),
        *(_ball("dark", (x + 0.032 * s, y + 0.015), 0.013) for s in (-1, 1)),
    ]


def _mannequin(pose: _Pose) -> list[Shape]:
    x, y = pose.head
    (cx, cy), (wx, wy) = pose.chest, pose.waist
    sides = (0, 1)
    limbs = [
        part
        for i in sides
        for part in (
            _limb("wood", 0.068, pose.hips[i], pose.knees[i]),
            _limb("wood", 0.056, pose.knees[i], pose.feet[i]),
            _limb("wood", 0.056, pose.shoulders[i], pose.elbows[i]),
            _limb("wood", 0.048, pose.elbows[i], pose.hands[i]),
            _ball("wood light", pose.hands[i], 0.034),
        )
    ]
    joints = [
        _ball("wood joint", joint, 0.028)
        for pair in (pose.shoulders, pose.elbows, pose.hips, pose.knees)
        for joint in pair
    ]
    return [
        *limbs,
        *(("oval", "wood light", (fx - 0.06, 0.93, fx + 0.06, 0.985)) for fx, _ in pose.feet),
        _limb("wood joint", 0.06, (x, y), (wx, wy)),
        ("poly", "wood", (cx - 0.09, cy - 0.07, cx + 0.09, cy - 0.07, cx + 0.05, cy + 0.08)),
        ("poly", "wood", (cx - 0.09, cy - 0.07, cx + 0.05, cy + 0.08, cx - 0.05, cy + 0.08)),
        ("oval", "wood", (wx - 0.075, wy - 0.02, wx + 0.075, wy + 0.09)),
        *joints,
        ("oval", "wood light", (x - 0.065, y - 0.1, x + 0.065, y + 0.085)),
    ]


def put_figure(canvas: ImageDraw.ImageDraw, figure: Figure, rng: Random) -> None:
    """Paint a figure that stands at the lower edge of the picture."""
    pose = _pose(figure.x, rng)
    if figure.shirt is None:
        paint(canvas, _mannequin(pose), edge=Edge(PAINT["wood edge"], _EDGE_WIDTH))
        return
    colours = shades(figure.shirt)
    paint(canvas, _person(pose, rng), colours=colours, edge=Edge(PAINT["dark"], _EDGE_WIDTH))
