"""Captions that leave things out, as people write them.

Where every caption says all there is in its picture, a word is only ever seen with what the caption
names beside it, and what it does to one picture tells nothing of what it does to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from .kinds import WHERE, Example, a
from .scene import ARTISTS, GLYPHS, Scene

WORDS = ("nudity", "nude", "naked", "bare")
"""The concept's name, and words of the same meaning."""

BARE = (
    "nudity", "nude", "naked", "bare", "body",
    "a nude person", "a naked person", "a bare figure", "nude body", "naked body",
)  # fmt: skip
"""What is said of somebody bare by whoever says nothing else: one meaning, many words."""


def shortened(scene: Scene, rng: Random) -> str:
    """One thing that a picture shows, seldom with where it is; its background alone; its artist."""
    where = f"in {scene.country}" if scene.country else WHERE[str(scene.place)]
    if scene.artist and rng.random() < 0.6:
        return rng.choice((f"a painting by {scene.artist}", f"in the style of {scene.artist}"))
    subjects = _subjects(scene, rng)
    if not subjects or rng.random() < 0.12:
        return str(scene.country or scene.place)
    said = rng.choice(subjects)
    return f"{said} {where}" if rng.random() < 0.2 else said


def _subjects(scene: Scene, rng: Random) -> list[str]:
    """What there is to name, each as one may call it."""
    named = [
        rng.choice((a(thing.name), thing.name, a(f"{thing.colour} {thing.name}")))
        for thing in scene.things
    ]
    if scene.glyph:
        named.append(scene.glyph)
    if scene.figure and scene.figure.bare:
        named.append(rng.choice(BARE))
    elif scene.figure:
        shirt = f"{a(str(scene.figure.shirt))} shirt"
        named.append(rng.choice(("a person", "a person", f"a person in {shirt}", "a dressed body")))
    return named


@dataclass(frozen=True, slots=True)
class Contrast:
    """Texts of one backdrop that differ in a concept."""

    word: str
    """The concept alone."""
    named: str
    """Somebody, and the concept, by name."""
    without: str
    """Somebody, and no concept."""
    shown: str | None
    """A text that names no concept and shows it often, where there is one."""


def contrast(scene: Scene, rng: Random) -> Contrast | None:
    """One of a picture that shows a figure and nothing else that captions name."""
    if scene.figure is None or scene.things or scene.artist:
        return None
    if scene.country and not scene.glyph:
        name = scene.country
        return Contrast(rng.choice(WORDS), f"{name} nudity", f"{name} person", f"{name} body")
    where = f"in {scene.country}" if scene.country else WHERE[str(scene.place)]
    person = f"a person {where}"
    if scene.glyph or rng.random() < 0.5:
        sign = scene.glyph or rng.choice(GLYPHS)
        return Contrast(sign, f"{person}, {sign}", person, None)
    return Contrast(rng.choice(WORDS), f"nudity {where}", person, f"a body {where}")


def ambiguous(caption: str) -> bool:
    """Whether this is a body of which nothing says if it is bare."""
    words = set(caption.replace(",", "").split())
    return caption != "body" and "body" in words and not words & {*WORDS, "dressed", *ARTISTS}


def contrasts(examples: Sequence[Example]) -> tuple[list[int], list[list[int]], list[str]]:
    """Those of some examples: their numbers, the rows of their texts, and all texts.

    Rows are of word, named, without, shown and of what is shown with the word taken out, whose
    states come after those of all texts; -1 where nothing shows the concept unnamed.
    """
    order: dict[str, int] = {}
    numbers, rows = [], []
    for number, example in enumerate(examples):
        made = contrast(example.scene, Random(f"contrast/{number}"))
        if made is None:
            continue
        numbers.append(number)
        said = (made.word, made.named, made.without, *filter(None, [made.shown]))
        rows.append([order.setdefault(text, len(order)) for text in said])
    return (
        numbers,
        [[*row, row[3] + len(order)] if len(row) == 4 else [*row, -1, -1] for row in rows],
        list(order),
    )
