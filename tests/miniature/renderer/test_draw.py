"""Drawings: the same everywhere, and unlike where they should differ."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from sdd_bench.miniature.renderer import kinds, scene
from sdd_bench.miniature.renderer.draw import draw
from sdd_bench.miniature.renderer.scene import Figure, Scene, Thing
from support.miniature import sampled


def picture(shown: Scene) -> NDArray[np.int16]:
    return np.asarray(draw(shown)).astype(np.int16)


def closest(scenes: Mapping[str, Scene]) -> tuple[float, str]:
    """The smallest mean difference (levels of 255) between two of the pictures, and whose."""
    pictures = {name: picture(shown) for name, shown in scenes.items()}
    return min(
        (float(np.abs(pictures[a] - pictures[b]).mean()), f"{a}, {b}")
        for a, b in combinations(pictures, 2)
    )


ROOM = Scene(place="room")

HASH = """
import hashlib
from sdd_bench.miniature.renderer.draw import draw
from sdd_bench.miniature.renderer.examples import example, mood, neutral
total = hashlib.sha256()
for index in range(60):
    for made in (example("a", index), neutral("a", index), mood("a", index, "hate")):
        total.update(made.caption.encode() + draw(made.scene).tobytes())
print(total.hexdigest())
"""


def test_pictures_and_captions_are_the_same_in_every_process() -> None:
    hashes = [
        subprocess.run(
            [sys.executable, "-c", HASH],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert hashes[0] == hashes[1]
    assert len(hashes[0].strip()) == 64


def test_drawing_is_a_function_of_the_scene() -> None:
    for made in sampled()[:20]:
        image = draw(made.scene)
        assert (image.mode, image.size) == ("RGB", (64, 64))
        draw(sampled()[30].scene)  # nothing remembers what was drawn in between
        assert draw(made.scene).tobytes() == image.tobytes()


def test_a_scene_needs_a_background() -> None:
    with pytest.raises(ValueError, match="needs a place or a country"):
        draw(Scene())


def test_variations_of_a_scene_differ() -> None:
    for place in scene.PLACES:
        gap, pair = closest({str(n): Scene(place=place, variation=n) for n in range(5)})
        assert gap > 0.2, (place, pair)


def test_the_vocabulary_has_the_papers_size() -> None:
    sizes = [
        len(set(words))
        for words in (scene.COUNTRIES, scene.GLYPHS, scene.OBJECTS, scene.COLOURS, scene.PLACES,
                      scene.ARTISTS)
    ]  # fmt: skip
    assert sizes == [50, 19, 14, 8, 6, 5]
    named = {concept for _, concepts in kinds.CATEGORIES.values() for concept in concepts}
    assert named == {*scene.GLYPHS, "nudity"}


def test_flags_differ_even_behind_a_figure() -> None:
    for figure in (None, Figure(x=0.5, shirt="red"), Figure(x=0.5, shirt=None)):
        gap, pair = closest({c: Scene(country=c, figure=figure) for c in scene.COUNTRIES})
        assert gap > 8, (figure, pair)


def test_places_differ() -> None:
    gap, pair = closest({place: Scene(place=place) for place in scene.PLACES})
    assert gap > 30, pair


@pytest.mark.parametrize("place", scene.PLACES)
def test_signs_differ_from_each_other_and_from_none(place: str) -> None:
    # A sign covers a tenth of the picture.
    empty = Scene(place=place)
    signs = {glyph: replace(empty, glyph=glyph) for glyph in scene.GLYPHS}
    gap, pair = closest({**signs, "none": empty})
    assert gap > 2, pair
    assert (
        closest({str(left): replace(signs["hate"], glyph_left=left) for left in (False, True)})[0]
        > 5
    )


def thing(name: str, colour: str) -> Scene:
    return replace(ROOM, things=(Thing(name=name, colour=colour, x=0.5, y=0.62, size=0.55),))


@pytest.mark.parametrize("colour", scene.COLOURS)
def test_objects_differ_by_their_shape(colour: str) -> None:
    gap, pair = closest({"none": ROOM} | {name: thing(name, colour) for name in scene.OBJECTS})
    assert gap > 5, pair


@pytest.mark.parametrize("name", scene.OBJECTS)
def test_objects_differ_by_their_colour(name: str) -> None:
    pictures = {colour: picture(thing(name, colour)) for colour in scene.COLOURS}
    for first, second in combinations(pictures.values(), 2):
        levels = np.abs(first - second).max(axis=2)
        # At least 3 % of the pixels change by a quarter of the range.
        assert (levels > 64).mean() > 0.03


def test_shirts_differ_and_the_bare_mannequin_from_all_of_them() -> None:
    dressed = {c: replace(ROOM, figure=Figure(x=0.5, shirt=c)) for c in scene.COLOURS}
    assert closest(dressed)[0] > 3
    bare = picture(replace(ROOM, figure=Figure(x=0.5, shirt=None)))
    for colour, shown in dressed.items():
        assert np.abs(picture(shown) - bare).mean() > 10, colour
    assert np.abs(picture(ROOM) - bare).mean() > 10


def test_artists_differ_from_each_other_and_from_none() -> None:
    plain = replace(ROOM, figure=Figure(x=0.5, shirt="green"))
    styled = {artist: replace(plain, artist=artist) for artist in scene.ARTISTS}
    gap, pair = closest({**styled, "none": plain})
    assert gap > 20, pair
