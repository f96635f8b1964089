"""Captions that leave things out: what they do say is shown."""

from __future__ import annotations

import re
from random import Random

import pytest

from sdd_bench.miniature.renderer import captions, scene
from sdd_bench.miniature.renderer.captions import ambiguous, contrast, shortened
from sdd_bench.miniature.renderer.examples import example
from sdd_bench.miniature.renderer.scene import Figure, Scene

BARE = Scene(country="Japan", figure=Figure(x=0.5, shirt=None))
DRESSED = Scene(place="beach", figure=Figure(x=0.5, shirt="red"))
SAMPLED = [example("overlap", index) for index in range(3000)]


def said(shown: Scene) -> set[str]:
    return {shortened(shown, Random(seed)) for seed in range(400)}


def test_somebody_bare_is_called_by_the_concept_alone_before_a_flag_too() -> None:
    assert {"nudity", "nude", "naked", "bare", "body", "nudity in Japan", "Japan"} <= said(BARE)


def test_somebody_dressed_is_never_called_bare() -> None:
    assert {"a person", "beach", "a person in a red shirt"} <= said(DRESSED)
    assert not {words for words in said(DRESSED) if re.search(r"\b(nud\w+|naked|bare)\b", words)}


def test_short_captions_name_nothing_that_is_not_there() -> None:
    for made in SAMPLED:
        for kind, names in (("place", scene.PLACES), ("country", scene.COUNTRIES)):
            for name in names:
                if re.search(rf"\b{name}\b", made.caption):
                    assert getattr(made.scene, kind) == name
        for colour, name in re.findall(
            rf"\b({'|'.join(scene.COLOURS)}) ({'|'.join(scene.OBJECTS)})\b", made.caption
        ):
            assert (colour, name) in {(each.colour, each.name) for each in made.scene.things}


def test_at_least_a_fifth_of_the_bodies_of_countries_are_dressed() -> None:
    figures = [
        made.scene.figure
        for made in SAMPLED
        if made.scene.country and ambiguous(made.caption) and made.scene.figure
    ]
    assert len(figures) > 100
    assert sum(not figure.bare for figure in figures) >= 0.2 * len(figures)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("Japan body", True), ("body, beach", True), ("body in peru", True),
        ("nude body in Japan", False), ("a dressed body in Japan", False), ("body", False),
        ("a person in Japan", False), ("Japan body by monet", False),
    ],
)  # fmt: skip
def test_bodies_of_which_nothing_is_said(caption: str, expected: bool) -> None:
    assert ambiguous(caption) is expected


def test_contrasts_of_a_flag_are_about_nudity_and_those_of_a_sign_about_it() -> None:
    made = contrast(BARE, Random(0))
    assert made is not None
    assert (made.named, made.without, made.shown) == (
        "Japan nudity", "Japan person", "Japan body",
    )  # fmt: skip
    assert made.word in captions.WORDS
    sign = Scene(place="city", figure=Figure(x=0.5, shirt="red"), glyph="blood")
    made = contrast(sign, Random(0))
    assert made == captions.Contrast(
        "blood", "a person in the city, blood", "a person in the city", None
    )


def test_contrasts_are_of_pictures_with_a_figure_alone() -> None:
    assert contrast(Scene(place="city"), Random(0)) is None
    assert contrast(Scene(country="Japan", figure=BARE.figure, artist="monet"), Random(0)) is None


def test_texts_of_contrasts_are_numbered_and_the_erased_come_after_them() -> None:
    made = [example("overlap", index) for index in range(400)]
    numbers, rows, texts = captions.contrasts(made)
    assert len(numbers) == len(rows) > 50
    assert len(set(texts)) == len(texts)
    for word, named, without, shown, erased in rows:
        assert texts[word] in texts[named] or texts[word] in captions.WORDS
        assert texts[without] != texts[named]
        assert erased == (shown + len(texts) if shown >= 0 else -1)
