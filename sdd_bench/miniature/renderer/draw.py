"""Scene in, picture out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from .figures import put_figure
from .flags import flag
from .glyphs import put_sign
from .objects import put_thing
from .places import view
from .shapes import CANVAS
from .styles import treat

if TYPE_CHECKING:
    from .scene import Scene

SIDE = 64
"""Width and height of a picture in pixels."""


def _dice(scene: Scene, layer: str) -> Random:
    # One source per layer, so that a layer looks the same whatever else is in the scene.
    return Random(f"{layer} {scene.variation}")


def _background(scene: Scene) -> Image.Image:
    if scene.country is not None:
        return flag(scene.country).copy()
    if scene.place is not None:
        return view(scene.place, _dice(scene, "place"))
    raise ValueError("a scene needs a place or a country")


def draw(scene: Scene) -> Image.Image:
    """The 64x64 picture of a scene; equal scenes give equal pictures."""
    image = _background(scene)
    canvas = ImageDraw.Draw(image)
    if scene.figure is not None:
        put_figure(canvas, scene.figure, _dice(scene, "figure"))
    for thing in scene.things:
        put_thing(canvas, thing)
    if scene.glyph is not None:
        put_sign(canvas, scene.glyph, left=scene.glyph_left)
    image = image.reduce(CANVAS // SIDE)
    if scene.artist is not None:
        image = treat(image, scene.artist, _dice(scene, "artist"))
    return image
