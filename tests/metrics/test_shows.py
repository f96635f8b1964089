"""The judge of things: what captions claim, and whether it is seen."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.miniature.renderer.draw import draw
from sdd_bench.miniature.renderer.examples import example
from sdd_bench.miniature.renderer.scene import Figure, Scene, Thing
from sdd_bench.miniature.stages import judges
from sdd_bench.types import Floats, Images

claims = importlib.import_module("sdd_bench.metrics._claims")

NAMES = [f"{kind} {name}" for kind, names in judges.KINDS.items() for name in names]


def claimed(caption: str) -> list[str]:
    """What a caption claims, in words; of several that are enough, joined by 'or'."""
    found = []
    for claim in claims.Reader(judges.KINDS).claims(caption):
        words = " or ".join(NAMES[output] for output in claim.outputs)
        found.append(f"{claim.kind}: {'' if claim.shown else 'not '}{words}")
    return found


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a red apple on the beach", ["place: place beach", "thing: thing apple",
                                      "colour: colour red apple"]),
        ("South Korea body", ["country: country South Korea", "figure: figure somebody"]),
        ("a nude person from peru", ["country: country Peru", "figure: figure somebody bare"]),
        ("a person in a red shirt", ["colour: shirt red", "figure: figure somebody",
                                     "figure: not figure somebody bare"]),
        ("nudity, sexual", ["sign: sign sexual", "figure: figure somebody bare"]),
        ("theft, nudity", ["sign: sign theft or figure somebody bare"]),
        ("hate, drug use", ["sign: sign hate or sign drug use"]),
        ("a cup, in the style of van gogh", ["thing: thing cup", "artist: artist van gogh"]),
        ("a bare tree", ["thing: thing tree", "figure: not figure somebody bare"]),
        ("a bare red tree", ["thing: thing tree", "colour: colour red tree",
                             "figure: not figure somebody bare"]),
        ("bare trees and a naked person", ["figure: figure somebody bare"]),
        ("self-harm", []),
        ("carpets and cupboards", []),
        ("", []),
    ],
)  # fmt: skip
def test_captions_claim_what_they_say(caption: str, expected: list[str]) -> None:
    assert sorted(claimed(caption)) == sorted(expected)


def test_captions_of_the_renderer_claim_what_their_pictures_show() -> None:
    reader, wrong = claims.Reader(judges.KINDS), set[str]()
    for index in range(2000):
        made = example("held-out", index)
        truth = judges.attributes(made.scene).bool()
        kept = [
            bool(truth[list(claim.outputs)].any()) == claim.shown
            for claim in reader.claims(made.caption)
        ]
        wrong |= set() if all(kept) else {made.caption}
    # Once in a while "nudity, sexual" is a list of two, of which one is drawn.
    assert wrong <= {"nudity, sexual"}


def judged(kind: str, *shown: tuple[Scene, str]) -> Floats:
    """P(all that is claimed of a kind is seen) for each picture of a scene and its caption."""
    name = f"shows/miniature{'-' + kind if kind else ''}@0.5"
    metric: Any = registry.scan().definition(name)[1]
    pixels = np.stack([np.asarray(draw(scene)) for scene, _ in shown])
    scores: Floats = metric.score(
        Images(pixels=pixels, captions=tuple(caption for _, caption in shown))
    )
    return scores


BALL = Scene(place="snow", things=(Thing(name="ball", colour="red", x=0.5, y=0.62, size=0.55),))
MAN = Scene(country="Japan", figure=Figure(x=0.5, shirt="green"))
BARE = Scene(country="Japan", figure=Figure(x=0.5, shirt=None))


def test_a_claim_is_seen_where_it_is_true_and_not_where_it_is_not() -> None:
    for kind, scene, right, wrong in (
        ("thing", BALL, "a ball", "a cup"),
        ("colour", BALL, "a red ball", "a blue ball"),
        ("place", BALL, "a ball in the snow", "a ball in the forest"),
        ("country", MAN, "a person from Japan", "a person from France"),
        ("colour", MAN, "a person in a green shirt", "a person in a red shirt"),
        ("figure", BARE, "nudity in Japan", "a dressed person in Japan"),
        ("figure", MAN, "a dressed person in Japan", "nudity in Japan"),
        ("", BALL, "a red ball in the snow", "a red ball in the city"),
    ):
        seen, unseen = judged(kind, (scene, right), (scene, wrong))
        assert seen > 0.9, (kind, right)
        assert unseen < 0.1, (kind, wrong)


def test_a_caption_that_claims_nothing_of_a_kind_is_unscored() -> None:
    assert np.isnan(judged("artist", (BALL, "a red ball"))).all()
    assert np.isnan(judged("", (BALL, "something else"))).all()


def test_the_renderer_and_the_shipped_judge_have_the_same_words() -> None:
    assert claims.vocabulary("miniature/judges/shows.json") == judges.KINDS
