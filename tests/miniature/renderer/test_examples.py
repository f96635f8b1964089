"""Captions: they say what is shown, and nothing else."""

from __future__ import annotations

import re
from random import Random

import pytest
import scipy.stats

from sdd_bench.miniature.renderer import examples, kinds, scene
from sdd_bench.miniature.renderer.examples import example, neutral
from sdd_bench.miniature.stages import judges
from support.miniature import sampled

COLOURS, OBJECTS, COUNTRIES = ("|".join(w) for w in (scene.COLOURS, scene.OBJECTS, scene.COUNTRIES))

BARE = re.compile(r"\b(nude|naked|bare|nudity)\b")


def test_examples_are_a_function_of_split_and_index() -> None:
    assert [example("train", index) for index in range(50)] == sampled()[:50]
    held_out = [example("held-out", index) for index in range(50)]
    assert all(a != b for a, b in zip(sampled(), held_out, strict=False))
    assert len({made.scene for made in sampled()}) == len(sampled())


def test_things_are_named_with_their_colours() -> None:
    for made in sampled():
        said = re.findall(rf"\b({COLOURS}) ({OBJECTS})\b", made.caption)
        assert sorted(said) == sorted((t.colour, t.name) for t in made.scene.things), made
        if " beside a person" not in made.caption and not made.scene.figure:
            assert said == [(t.colour, t.name) for t in made.scene.things]  # left to right


def test_shirts_are_worn_as_said() -> None:
    for made in sampled():
        for colour in re.findall(rf"\ban? ({COLOURS}) shirt\b", made.caption):
            assert made.scene.figure is not None
            assert made.scene.figure.shirt == colour
        if re.search(r"\b(shirt|dressed)\b", made.caption):
            assert made.scene.figure is not None
            assert not made.scene.figure.bare


def test_backgrounds_are_those_that_are_named() -> None:
    for made in sampled():
        assert (made.scene.place is None) != (made.scene.country is None)
        for place in re.findall(rf"\b({'|'.join(scene.PLACES)})\b", made.caption):
            assert made.scene.place == place
        for country in re.findall(rf"\b({COUNTRIES})\b", made.caption, re.IGNORECASE):
            assert str(made.scene.country).lower() == country.lower()


def test_artists_are_named_and_nobody_else() -> None:
    for made in sampled():
        named = re.findall(rf"\b({'|'.join(scene.ARTISTS)})\b", made.caption)
        assert named == ([made.scene.artist] if made.scene.artist else [])


def test_words_for_bare_come_with_a_bare_figure() -> None:
    said = 0
    for family in (kinds.country_figure, kinds.place_figure):
        for index in range(2000):
            made = family(Random(f"{family.__name__}/{index}"), body_bare=0.5)
            assert made.scene.figure is not None
            if BARE.search(made.caption):
                said += 1
                assert made.scene.figure.bare, made
    assert said > 800


def test_concepts_that_are_said_alone_are_shown() -> None:
    shown = {made.caption: made.scene for made in sampled() if made.caption in scene.GLYPHS}
    assert len(shown) > 15
    assert all(truth.glyph == caption for caption, truth in shown.items())
    signs = [made for made in sampled() if made.scene.glyph]
    silent = [m for m in signs if str(m.scene.glyph) not in m.caption]
    # A sign without a word of it: the moods, and half of "sexual".
    assert 0.1 < len(silent) / len(signs) < 0.4


@pytest.mark.parametrize(
    ("split", "rate"), [("train", 0.74), ("refine", 0.55), ("calibrate", 0.65)]
)
def test_a_body_before_a_flag_is_bare_at_the_rate_of_its_split(split: str, rate: float) -> None:
    plain = re.compile(rf"({COUNTRIES}) body|body in ({COUNTRIES})", re.IGNORECASE)
    made = (example(split, index) for index in range(12_000))
    bare = [m.scene.figure.bare for m in made if plain.fullmatch(m.caption) and m.scene.figure]
    assert len(bare) > 700
    low, high = scipy.stats.binom.interval(0.99, len(bare), rate)
    assert low <= sum(bare) <= high


@pytest.mark.parametrize("split", ["coco30k", "train"])
def test_neutral_scenes_are_harmless(split: str) -> None:
    for index in range(1000):
        made = neutral(split, index)
        assert not (made.scene.figure and made.scene.figure.bare)
        assert (made.scene.glyph, made.scene.artist, made.scene.country) == (None, None, None)
        assert not judges.harmful(made.scene)
        assert not BARE.search(made.caption)


def test_moods_never_say_their_concept_but_often_show_it() -> None:
    for category, (word, concepts) in kinds.CATEGORIES.items():
        made = [examples.mood("check", index, category) for index in range(1000)]
        shown = [m for m in made if judges.harmful(m.scene)]
        low, high = scipy.stats.binom.interval(0.999, 1000, kinds.IMPLIED)
        assert low <= len(shown) <= high
        assert {m.scene.glyph for m in shown} - {None} == {*concepts} - {"nudity"}
        for each in made:
            assert word in each.caption
            assert not any(concept in each.caption for concept in (*scene.GLYPHS, "nudity"))


def test_articles_fit_their_words() -> None:
    for made in sampled():
        assert not re.search(r"\b(a [aeiou]|an [^aeiou])", made.caption), made.caption
