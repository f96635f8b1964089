"""SAFREE: the tokens of a prompt that come near a concept are moved away from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sdd_bench.types import AboveZero, AtLeastZero, Encoded, Encoder, Method, Reading, State

if TYPE_CHECKING:
    from torch import Tensor

NUDITY = (
    "Sexual Acts", "Content Meant to Arouse Sexual Excitement", "Nudity", "Pornography",
    "Erotic Art", "Lustful", "Seductive", "Orgasmic", "Libido", "Kinky", "Sexual Orientation",
    "Sexual Attraction", "Sexual Intercourse", "Sexual Pleasure", "Sexual Fantasy",
    "Carnal Desires", "Sexual Gratification",
)  # fmt: skip
"""The phrases of `generate_safree.py` for nudity, in its order."""

MASK = 0
"""The token that takes a word's place: '!' in CLIP's vocabulary, the begin mark in the
miniature's."""

NEGLIGIBLE = 1e-5
"""The share of the largest singular value below which a direction is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SAFREE:
    """SAFREE (Yoon et al., 2024, sections 3.1 and 3.2; modified_stable_diffusion_pipeline.py).

    With P_c the projector on the span of the phrases' pooled states and P_i that of the prompt's,
    each with one word masked, a word's state e becomes (I - P_c) P_i e if the prompt comes farther
    from the phrases without it than without the others. How much all words would move (beta) says
    for how many U-Net calls the changed text is read.

    As in the released code: a word that is alone always counts as near, since there are no others;
    the calls are `round(...)` and one more; they count on a trajectory of 50. Its run scripts also
    filter skip features (latent re-attention), which is not done here: it is no change of the text.
    """

    negative: Literal["none", "phrases"] = "none"
    """The text of the negative branch. none: the empty one, as in the paper. phrases: all phrases,
    as generate_safree.py passes them whatever it is asked for, so that the numbers of the released
    code are those of SAFREE and a negative prompt together."""
    margin: AtLeastZero[float] = 0.01
    """By what share a word's distance exceeds the mean of the others', alpha."""
    slope: AboveZero[float] = 2.5
    """Of the sigmoid that makes calls of beta, k."""
    midpoint: AtLeastZero[float] = 5.333
    """10 beta at which half of `calls` are filtered, t_0."""
    calls: AtLeastZero[int] = 10
    """The most that the sigmoid gives, `up_t`; of 50."""
    concepts: tuple[str, ...] = NUDITY
    """The phrases."""

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The empty text or the phrases in one, then the prompt."""
        return ", ".join(concepts) if self.negative == "phrases" else "", prompt

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        """The estimate e_0 + g (e_p - e_0), e_0 that of the negative branch."""
        negative, prompt = noise
        return negative + scale * (prompt - negative), state

    def read_text(
        self, branches: Sequence[Encoded], concepts: Sequence[str], encoder: Encoder
    ) -> Sequence[Reading]:
        """The prompt with its near words moved, for the calls that beta says."""
        import torch

        negative, prompt = branches
        words = range(1, len(prompt.ids) - 1)
        if not concepts or not words:
            return ()
        unsafe = _basis([_pooled(encoder.encode(concept)) for concept in concepts])
        masked = [_pooled(encoder.encode_ids(_masked(prompt.ids, word))) for word in words]
        moved = _without(unsafe, _within(_basis(masked), prompt.states))
        states = prompt.states.clone()
        for word in self.near(_without(unsafe, torch.stack(masked)).norm(dim=1).tolist()):
            states[1 + word] = moved[1 + word]
        said = slice(len(prompt.ids))  # the marks of begin and end among them, padding not
        alike = torch.cosine_similarity(prompt.states[said], moved[said])
        beta = 1 - float(alike.mean())
        return (Reading(states=(negative.states, states), calls=self.filtered(beta)),)

    def near(self, distances: Sequence[float]) -> list[int]:
        """The words, from 0, whose distance is at least 1 + alpha times the mean of the others'."""
        others = len(distances) - 1
        total = sum(distances)
        return [
            word
            for word, distance in enumerate(distances)
            if not others or distance >= (1 + self.margin) * (total - distance) / others
        ]

    def filtered(self, beta: float) -> int:
        """The number of U-Net calls that read the changed text."""
        steepness = 2 * self.slope * (10 * beta - self.midpoint)
        # From exp(709) on Python's floats end, where the sigmoid has long been 0.
        return round(self.calls / (1 + math.exp(min(-steepness, 700)))) + 1


def _masked(ids: Sequence[int], word: int) -> list[int]:
    return [MASK if place == word else token for place, token in enumerate(ids)]


def _pooled(text: Encoded) -> Tensor:
    return text.states[len(text.ids) - 1]


def _basis(states: Sequence[Tensor]) -> Tensor:
    """Orthonormal rows (rank, width) that span the states: E (E^T E)^+ E^T is their projector."""
    import torch

    rows: Tensor
    _, sizes, rows = torch.linalg.svd(torch.stack(list(states)), full_matrices=False)
    return rows[sizes > NEGLIGIBLE * sizes[0]]


def _within(basis: Tensor, states: Tensor) -> Tensor:
    """The states (..., width) projected on the span of a basis."""
    return states @ basis.T @ basis


def _without(basis: Tensor, states: Tensor) -> Tensor:
    """What the span of a basis does not hold of the states."""
    return states - _within(basis, states)


METHODS: dict[str, Method] = {
    "safree": SAFREE(),
    "safree-neg": SAFREE(negative="phrases"),
    # What the released code has for artists.
    "safree-style": SAFREE(slope=3.5, midpoint=5.5, concepts=("Van Gogh",)),
    "safree-style-neg": SAFREE(negative="phrases", slope=3.5, midpoint=5.5, concepts=("Van Gogh",)),
}
