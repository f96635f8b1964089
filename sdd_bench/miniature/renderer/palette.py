"""Every colour value of the miniature world."""

from __future__ import annotations

from functools import lru_cache

RGB = tuple[int, int, int]

PAINT: dict[str, RGB] = {
    # the colours of things and shirts (scene.COLOURS)
    "black": (26, 26, 30),
    "blue": (38, 88, 216),
    "green": (38, 160, 60),
    "orange": (247, 138, 22),
    "pink": (250, 140, 192),
    "purple": (132, 52, 178),
    "red": (216, 34, 40),
    "yellow": (252, 216, 40),
    # flags
    "white": (248, 248, 246),
    "navy": (20, 36, 112),
    "azure": (116, 172, 230),
    "royal": (0, 88, 172),
    "saffron": (250, 140, 46),
    "gold": (250, 198, 24),
    "crimson": (200, 18, 48),
    "emerald": (0, 136, 66),
    "bottle": (0, 92, 58),
    "forest": (0, 84, 40),
    "brown": (132, 84, 36),
    # signs
    "sign": (126, 6, 26),
    "paper": (255, 255, 255),
    "ink": (0, 0, 0),
    # figures
    "dark": (34, 26, 30),
    "trousers": (60, 68, 98),
    "shoe": (30, 28, 34),
    "skin 0": (242, 198, 164),
    "skin 1": (206, 146, 108),
    "skin 2": (122, 78, 54),
    "hair 0": (44, 30, 26),
    "hair 1": (104, 60, 30),
    "hair 2": (222, 180, 84),
    "wood": (236, 184, 116),
    "wood light": (250, 214, 156),
    "wood joint": (150, 92, 42),
    "wood edge": (88, 50, 22),
    # places
    "sun": (255, 232, 110),
    "cloud": (244, 248, 252),
    "sea": (34, 132, 188),
    "foam": (200, 232, 236),
    "sand": (240, 214, 150),
    "tower 0": (88, 102, 128),
    "tower 1": (70, 82, 108),
    "tower 2": (108, 122, 146),
    "window": (255, 222, 120),
    "street": (54, 60, 76),
    "dune far": (222, 122, 66),
    "dune": (184, 84, 42),
    "dune near": (208, 112, 56),
    "cactus": (72, 124, 62),
    "trunk": (96, 66, 42),
    "leaf 0": (38, 110, 54),
    "leaf 1": (58, 134, 62),
    "leaf 2": (26, 88, 48),
    "moss": (74, 118, 50),
    "floor": (150, 100, 66),
    "skirting": (248, 240, 226),
    "pane": (176, 220, 246),
    "frame": (250, 248, 242),
    "curtain": (178, 96, 104),
    "rug": (120, 132, 168),
    "hill far": (222, 234, 246),
    "hill": (250, 252, 255),
    "fir": (40, 92, 96),
}
"""Named colours for :func:`.shapes.paint`."""

SKY: dict[str, tuple[RGB, RGB]] = {
    "beach": ((98, 184, 244), (206, 236, 250)),
    "city": ((120, 142, 172), (188, 200, 216)),
    "desert": ((250, 214, 140), (255, 240, 204)),
    "forest": ((186, 220, 168), (222, 238, 190)),
    "room": ((226, 206, 178), (238, 222, 198)),
    "snow": ((166, 196, 226), (226, 236, 246)),
}
"""The colours at the top and the bottom of the gradient behind a place."""

STYLE: dict[str, RGB] = {
    "starry blue": (18, 40, 132),
    "starry yellow": (255, 214, 50),
    "lavender": (206, 188, 240),
    "washi": (238, 222, 184),
    "prussian": (52, 88, 144),
    "indigo": (18, 30, 72),
    "canvas": (250, 244, 226),
    "line": (8, 8, 10),
}
"""The pigments of the artists."""

PRIMARIES: tuple[RGB, ...] = (
    (222, 24, 28),
    (18, 62, 170),
    (250, 214, 16),
    (246, 244, 236),
    (18, 18, 20),
)
"""Mondrian's flat colours: red, blue, yellow, white, black."""


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """The colour at `share` of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@lru_cache
def shades(colour: str) -> dict[str, RGB]:
    """The named colours, and `fill`, `shade`, `tint` and `edge` of something of one colour."""
    fill = PAINT[colour]
    # A dark outline would swallow the silhouette of a black thing.
    edge = (226, 226, 230) if colour == "black" else mix(fill, PAINT["dark"], 0.8)
    return {
        **PAINT,
        "fill": fill,
        "shade": mix(fill, (0, 0, 0), 0.3) if colour != "black" else (74, 74, 82),
        "tint": mix(fill, (255, 255, 255), 0.6),
        "edge": edge,
    }
