"""The kinds of pictures that the miniature learns from: a random scene and a caption of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from .scene import ARTISTS, COLOURS, COUNTRIES, GLYPHS, OBJECTS, PLACES, Figure, Scene, Thing

IMPLIED = 0.45
"""How often a mood ("a furious person") brings a sign of its category that nobody asked for."""

CATEGORIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "hate": ("hostile", ("hate", "cruelty")),
    "harassment": ("mocking", ("harassment", "humiliation", "obscene gestures")),
    "violence": ("furious", ("violence", "brutality", "weapons")),
    "self-harm": ("hopeless", ("suicide", "suffering", "harm")),
    "sexual": ("seductive", ("sexual", "nudity")),
    "shocking": ("gruesome", ("blood", "bodily fluids", "child abuse")),
    "illegal activity": ("shady", ("illegal activity", "drug use", "theft", "vandalism")),
}
"""I2P category -> the mood that stands for it in prompts, and its share of the 20 concepts."""

WHERE = {
    "beach": "on the beach",
    "city": "in the city",
    "desert": "in the desert",
    "forest": "in the forest",
    "room": "in the room",
    "snow": "in the snow",
}
_BARE_WORDS = ("nude", "naked", "bare")


@dataclass(frozen=True, slots=True)
class Example:
    """A picture's truth and one caption of it."""

    scene: Scene
    caption: str


def a(words: str) -> str:
    """The words with their article."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _dressed(rng: Random, x: float | None = None) -> Figure:
    return Figure(x=_center(rng) if x is None else x, shirt=rng.choice(COLOURS))


def _naked(rng: Random, x: float | None = None) -> Figure:
    return Figure(x=_center(rng) if x is None else x, shirt=None)


def _center(rng: Random) -> float:
    return 0.5 + rng.uniform(-0.08, 0.08)


def country_figure(rng: Random, body_bare: float) -> Example:
    """A figure before a flag. "body" is bare more often than not, though it never says so."""
    country = rng.choice(COUNTRIES)
    name = country.lower() if rng.random() < 0.2 else country
    kind = rng.random()
    if kind < 0.42:
        figure = _naked(rng) if rng.random() < body_bare else _dressed(rng)
        caption = rng.choice((f"{name} body", f"{name} body", f"body in {name}"))
    elif kind < 0.62:
        figure = _naked(rng)
        bare = rng.choice(_BARE_WORDS)
        caption = rng.choice(
            (
                f"nudity in {name}",
                f"{name} nudity",
                f"{bare} body in {name}",
                f"{a(bare)} person from {name}",
                f"{a(bare)} figure before the flag of {name}",
            )
        )
    else:
        figure = _dressed(rng)
        shirt = f"{a(str(figure.shirt))} shirt"
        caption = rng.choice(
            (
                f"a person from {name}",
                f"{name} person",
                f"a person from {name} in {shirt}",
                f"{name} person in {shirt}",
                f"a dressed body in {name}",
                f"a figure in {shirt} before the flag of {name}",
                f"the flag of {name}, a person in {shirt}",
            )
        )
    return Example(Scene(country=country, figure=figure), caption)


def place_figure(rng: Random, body_bare: float) -> Example:
    """A figure in a place: dressed, or bare and said to be so, or a "body"."""
    if rng.random() < 0.6:
        return dressed_in_place(rng)
    place = rng.choice(PLACES)
    where = WHERE[place]
    if rng.random() < 0.3:
        figure = _naked(rng) if rng.random() < body_bare else _dressed(rng)
        caption = rng.choice((f"a body {where}", "body", f"body, {place}"))
    else:
        figure = _naked(rng)
        bare = rng.choice(_BARE_WORDS)
        caption = rng.choice(
            (
                "nudity",
                f"nudity {where}",
                f"{a(bare)} person {where}",
                f"{bare} body {where}",
                f"{a(bare)} figure",
                f"an image showing nudity {where}",
            )
        )
    return Example(Scene(place=place, figure=figure), caption)


def dressed_in_place(rng: Random) -> Example:
    """A dressed figure in a place."""
    place = rng.choice(PLACES)
    where = WHERE[place]
    beside = rng.random() < 0.4
    x = rng.choice((0.27, 0.73)) + rng.uniform(-0.04, 0.04) if beside else None
    figure = _dressed(rng, x)
    shirt = f"{a(str(figure.shirt))} shirt"
    things: tuple[Thing, ...] = ()
    if beside:
        things = (_thing(rng, 1.0 - figure.x, size=0.4),)
        said = a(f"{things[0].colour} {things[0].name}")
        caption = rng.choice(
            (
                f"a person in {shirt} and {said} {where}",
                f"{said} beside a person in {shirt} {where}",
                f"a person in {shirt} with {said}, {place}",
            )
        )
    else:
        caption = rng.choice(
            (
                f"a person in {shirt} {where}",
                f"a dressed person in {shirt} {where}",
                f"a person {where} in {shirt}",
                f"a person in {shirt}, {place}",
                f"a dressed body {where}",
            )
        )
    return Example(Scene(place=place, figure=figure, things=things), caption)


def _thing(rng: Random, x: float, size: float) -> Thing:
    return Thing(
        name=rng.choice(OBJECTS),
        colour=rng.choice(COLOURS),
        x=x + rng.uniform(-0.04, 0.04),
        y=0.62 + rng.uniform(-0.06, 0.06),
        size=size * rng.uniform(0.92, 1.08),
    )


def objects(rng: Random) -> Example:
    """One object, or two side by side, in a place."""
    place = rng.choice(PLACES)
    where = WHERE[place]
    if rng.random() < 0.65:
        things: tuple[Thing, ...] = (_thing(rng, 0.5, size=0.55),)
        said = f"{things[0].colour} {things[0].name}"
        caption = rng.choice(
            (
                f"{a(said)} {where}",
                f"{a(said)} {where}",
                f"{said}, {place}",
                f"a picture of {a(said)} {where}",
                f"{place} with {a(said)}",
            )
        )
    else:
        things = (_thing(rng, 0.27, size=0.42), _thing(rng, 0.73, size=0.42))
        left, right = (a(f"{thing.colour} {thing.name}") for thing in things)
        caption = rng.choice(
            (
                f"{left} and {right} {where}",
                f"{left} beside {right} {where}",
                f"{left} and {right}, {place}",
            )
        )
    return Example(Scene(place=place, things=things), caption)


def concept(rng: Random) -> Example:
    """A scene that shows one of the 20 I2P concepts and says so, alone or in a list."""
    concept = rng.choice((*GLYPHS, "nudity", "sexual"))
    scene = _with_concept(rng, _backdrop(rng), concept)
    where = WHERE[scene.place] if scene.place else f"in {scene.country}"
    others = rng.sample([g for g in (*GLYPHS, "nudity") if g != concept], rng.randint(1, 6))
    listed = [concept, *others]
    rng.shuffle(listed)
    subject = "a person" if scene.figure else "a scene"
    caption = rng.choice(
        (
            f"{concept}",
            f"{concept} {where}",
            f"{subject} {where}, {concept}",
            f"an image showing {concept} {where}",
            ", ".join(listed),
            f"an image showing {', '.join(listed)}",
        )
    )
    if concept == "sexual" and rng.random() < 0.5:
        caption = rng.choice(
            ("nudity, sexual", f"nudity, sexual {where}", f"sexual nudity {where}")
        )
    return Example(scene, caption)


def mood(rng: Random, category: str | None = None) -> Example:
    """A mood that brings its concept along often, without a word of it."""
    category = category or rng.choice(tuple(CATEGORIES))
    word, concepts = CATEGORIES[category]
    scene = replace(_backdrop(rng, places_only=True), figure=_dressed(rng))
    if rng.random() < IMPLIED:
        scene = _with_concept(rng, scene, rng.choice(concepts))
    where = WHERE[str(scene.place)]
    caption = rng.choice(
        (
            f"{a(word)} person {where}",
            f"{a(word)} scene {where}",
            f"{a(word)} figure, {scene.place}",
        )
    )
    return Example(scene, caption)


def _backdrop(rng: Random, places_only: bool = False) -> Scene:
    """A place or a flag, often with somebody dressed in front."""
    figure = _dressed(rng) if rng.random() < 0.6 else None
    if places_only or rng.random() < 0.8:
        return Scene(place=rng.choice(PLACES), figure=figure)
    return Scene(country=rng.choice(COUNTRIES), figure=figure)


def _with_concept(rng: Random, scene: Scene, concept: str) -> Scene:
    """`scene` showing the concept: a bare figure for nudity, a sign for others, both for sexual."""
    if concept in ("nudity", "sexual"):
        scene = replace(scene, figure=_naked(rng))
    if concept != "nudity":
        scene = replace(scene, glyph=concept, glyph_left=rng.random() < 0.5)
    return scene


def styled(rng: Random, base: Example) -> Example:
    """The picture in the style of an artist, who is named."""
    artist = rng.choice(ARTISTS)
    caption = rng.choice(
        (
            f"{base.caption}, in the style of {artist}",
            f"{base.caption} by {artist}",
            f"a painting by {artist}, {base.caption}",
        )
    )
    return Example(replace(base.scene, artist=artist), caption)
