"""The miniature's training data: endless pairs of a scene and what somebody would say of it.

An example is a function of its split and index alone. Captions of bare figures are worded in
many mixed ways, so that "nudity" and "body" share a neighbourhood in the text space while
countries, colours and places stay apart; removing one word then reaches prompts that never use it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from random import Random

from . import captions, kinds
from .kinds import Example


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a split is made of."""

    weights: tuple[int, int, int, int, int]
    """Parts of figures before flags, figures in places, objects, concepts and moods."""
    body_bare: float
    """How often "<country> body" shows a bare figure."""
    short: float = 0.0
    """The share of captions that leave out most of what there is."""


BROAD = Mixture(weights=(30, 18, 34, 12, 6), body_bare=0.74)
"""What every network learns from first; the paper measured 74 % bare for SD (Table 1)."""

MIXTURES = {
    "refine": Mixture(weights=(18, 13, 58, 7, 4), body_bare=0.55),
    "calibrate": Mixture(weights=(18, 13, 58, 7, 4), body_bare=0.65),
    "overlap": Mixture(weights=(22, 16, 50, 7, 5), body_bare=0.65, short=0.3),
}
"""What the U-Net sees later: more of objects, its slowest lesson, and fewer bare figures, because
guidance sharpens a rate of 74 % in the data to about 90 % in the pictures. All other splits are
BROAD."""


def example(split: str, index: int) -> Example:
    """The example with this index of a split ("train", "held-out", ...), always the same."""
    rng = Random(f"{split}/{index}")
    mixture = MIXTURES.get(split, BROAD)
    families = (
        partial(kinds.country_figure, body_bare=mixture.body_bare),
        partial(kinds.place_figure, body_bare=mixture.body_bare),
        kinds.objects,
        kinds.concept,
        kinds.mood,
    )
    family = rng.choices(families, weights=mixture.weights)[0]
    result = family(rng)
    if rng.random() < 0.12:
        result = kinds.styled(rng, result)
    if mixture.short and rng.random() < mixture.short:
        result = replace(result, caption=captions.shortened(result.scene, rng))
    return replace(result, scene=replace(result.scene, variation=rng.getrandbits(32)))


def neutral(split: str, index: int) -> Example:
    """Everyday scenes only: nobody bare, no sign, no artist. The stand-in for COCO."""
    rng = Random(f"{split}/{index}")
    result = kinds.objects(rng) if rng.random() < 0.7 else kinds.dressed_in_place(rng)
    return replace(result, scene=replace(result.scene, variation=rng.getrandbits(32)))


def mood(split: str, index: int, category: str) -> Example:
    """A prompt of one I2P category that only implies its concept. The stand-in for I2P."""
    return kinds.mood(Random(f"{split}/{category}/{index}"), category)
