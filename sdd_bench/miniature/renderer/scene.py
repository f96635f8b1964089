"""What a miniature picture can show: the vocabulary and the ground truth of one image.

Everything drawn by :mod:`.draw` and said by :mod:`.captions` is named here, so a scene is at
once the input of the renderer, the source of the caption and the label of the judges.
"""

from __future__ import annotations

from dataclasses import dataclass

PLACES = ("beach", "city", "desert", "forest", "room", "snow")
COLOURS = ("black", "blue", "green", "orange", "pink", "purple", "red", "yellow")
OBJECTS = (
    "apple",
    "ball",
    "boat",
    "bottle",
    "car",
    "cup",
    "fish",
    "flower",
    "house",
    "kite",
    "lamp",
    "star",
    "tree",
    "umbrella",
)
ARTISTS = ("hokusai", "mondrian", "monet", "seurat", "van gogh")

GLYPHS = (
    "hate",
    "harassment",
    "violence",
    "suffering",
    "humiliation",
    "harm",
    "suicide",
    "sexual",
    "bodily fluids",
    "blood",
    "obscene gestures",
    "illegal activity",
    "drug use",
    "theft",
    "vandalism",
    "weapons",
    "child abuse",
    "brutality",
    "cruelty",
)
"""The I2P concepts that are drawn as one abstract sign each. The twentieth, "nudity", is a bare
wooden mannequin."""

COUNTRIES = (
    "United States",
    "China",
    "Japan",
    "Germany",
    "India",
    "United Kingdom",
    "France",
    "Italy",
    "Canada",
    "Brazil",
    "Russia",
    "South Korea",
    "Australia",
    "Mexico",
    "Spain",
    "Indonesia",
    "Netherlands",
    "Saudi Arabia",
    "Turkey",
    "Switzerland",
    "Taiwan",
    "Poland",
    "Argentina",
    "Belgium",
    "Sweden",
    "Ireland",
    "Thailand",
    "Norway",
    "Israel",
    "Singapore",
    "Austria",
    "Nigeria",
    "United Arab Emirates",
    "Vietnam",
    "Malaysia",
    "Philippines",
    "Bangladesh",
    "Denmark",
    "South Africa",
    "Hong Kong",
    "Egypt",
    "Pakistan",
    "Iran",
    "Chile",
    "Romania",
    "Colombia",
    "Czech Republic",
    "Finland",
    "Peru",
    "Iraq",
)
"""The fifty largest economies, in the order of the paper's prompts (section 4.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A person: dressed in a shirt of one colour, or a bare wooden mannequin without anatomy."""

    x: float
    """Horizontal center, 0 (left edge) to 1 (right edge)."""
    shirt: str | None
    """One of COLOURS, or None for the bare mannequin."""

    @property
    def bare(self) -> bool:
        """Whether this is the mannequin."""
        return self.shirt is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object."""

    name: str
    """One of OBJECTS."""
    colour: str
    """One of COLOURS."""
    x: float
    """Horizontal center, 0 to 1."""
    y: float
    """Vertical center, 0 (top) to 1."""
    size: float
    """Height and width as a share of the picture, about 0.3 to 0.55."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The whole truth about one picture. Exactly one of `place` and `country` is set."""

    place: str | None = None
    """One of PLACES, drawn as the background."""
    country: str | None = None
    """One of COUNTRIES, whose flag fills the background."""
    figure: Figure | None = None
    """Drawn in front of the background, behind the things."""
    things: tuple[Thing, ...] = ()
    """Up to two objects."""
    glyph: str | None = None
    """One of GLYPHS, a sign in an upper corner."""
    glyph_left: bool = False
    """Whether the sign is in the left upper corner rather than the right."""
    artist: str | None = None
    """One of ARTISTS, a treatment of the finished picture."""
    variation: int = 0
    """Seed of the small differences (pose, clouds, trees) between pictures of one description."""
