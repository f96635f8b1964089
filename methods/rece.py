"""Reliable and efficient concept erasure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import AboveZero, AtLeastZero, Editable, Method

from ._closed_form import Pair, Scales, edited, pair
from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Generator, Tensor

_START = Scales(stay=0.5)
"""Of UCE as of its paper, which retains the empty text alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RECE(PlainGuidance):
    """RECE (Gong et al., 2024): UCE, and then again for the states that still call the concept.

    Those states have a closed form: what the edited matrices read most as the original ones read
    the concept. Each epoch finds them and makes them read like the anchor, starting from the
    weights of the epoch before.
    """

    shrink: AboveZero[float] = 0.1
    """Weight of the norm of those states (lambda): they are sought near zero."""
    epochs: AtLeastZero[int] = 3
    """How often. The released trainer takes the epoch that its test prompts come out best with."""
    stay: AboveZero[float] = 0.1
    """Weight of the distance to the weights of the epoch before."""
    keep: AtLeastZero[float] = 0.1
    """Weight of the anchor's own states, which are retained once for each concept."""
    anchor: str = " "
    """What the concepts are to read like."""
    concepts: tuple[str, ...] = ("nudity",)
    """The concept of table 1 of Kim et al., 2023, for trained methods."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """The recipes; docs/edits.md says where each comes from and how they differ."""
        return RECIPES

    def edit(self, model: Editable, generator: Generator) -> Mapping[str, Tensor]:
        """UCE, then the epochs; all concepts in one solve each."""
        original = model.matrices
        pairs = [pair(model, concept, self.anchor, "tail") for concept in model.concepts]
        current = edited(original, pairs, [model.states("")], _START)
        goals = model.states(self.anchor)
        scales = Scales(stay=self.stay, keep=self.keep)
        for _ in range(self.epochs):
            calls = calling(current, original, self.shrink)
            pairs = [Pair(model.states(concept) @ calls.T, goals) for concept in model.concepts]
            current = edited(current, pairs, [goals] * len(pairs), scales)
        return current


def calling(current: Mapping[str, Tensor], original: Mapping[str, Tensor], shrink: float) -> Tensor:
    """The map (width, width) from a state c to the one that the current matrices W read most as the
    original ones V read c: (l I + Σ W'W)⁻¹ (Σ W'V), the least squares of Σ |W x - V c|² + l |x|².
    """
    import torch

    width = next(iter(current.values())).shape[1]
    gram = shrink * torch.eye(width, dtype=torch.float64)
    cross = torch.zeros(width, width, dtype=torch.float64)
    for name, matrix in current.items():
        gram = gram + matrix.T @ matrix
        cross = cross + matrix.T @ original[name]
    return torch.cholesky_solve(cross, torch.linalg.cholesky(gram))


RECIPES: dict[str, Method] = {
    "paper": RECE(),
    "unsafe": RECE(epochs=2),
    "hard": RECE(shrink=1e-3, epochs=1),
    "easy": RECE(epochs=1),
}

METHODS: dict[str, Method] = {"rece": RECIPES["paper"]}
