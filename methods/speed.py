"""SPEED: editing within the null space of what is retained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sdd_bench.types import AboveZero, AtLeastZero, Editable, Method

from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Generator, Tensor

_CLUSTERS = 3
"""Means of the empty text's states that must not move, beside its first state."""


_ROUNDING = 1e-10
"""Of lengths: less is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SPEED(PlainGuidance):
    """SPEED (Li et al., 2026): a concept's values become an anchor's, where little else is read.

    The change of each matrix lies in the approximate null space of retained states: those that a
    plain edit would move most, and copies of them with noise that the matrix hardly reads. The
    empty text's states do not move at all.
    """

    anchor: str = ""
    """What the concepts are to read like."""
    positions: Literal["last", "all", "nudity"] = "last"
    """Of concept and anchor: the last words' states; all but the first; or, as the released code,
    all for the one concept 'nudity' and the last otherwise."""
    tensors: Literal["values", "keys", "both"] = "values"
    """Which matrices change."""
    retained: tuple[str, ...] = ()
    """Texts whose last words' states are to stay, but for those with a concept in them. None: all
    states of the empty text but the first."""
    filtered: bool = True
    """Whether only those count that a plain edit would move more than their mean."""
    copies: AtLeastZero[int] = 10
    """Noisy copies of each of them, of which those count that it moves more than the copies' mean;
    0: none, and no filter."""
    chunk: AboveZero[int] | None = None
    """The copies' mean is taken over all, or, as the released code, per so many shuffled states."""
    null: AboveZero[float] = 0.1
    """Directions are free whose part in the retained states' mean square is less."""
    stay: AboveZero[float] = 1.0
    """Weight of the size of the change (s)."""
    slack: AtLeastZero[float] = 0.0
    """How far the empty text may move; 0: not at all."""
    concepts: tuple[str, ...] = ("nudity",)
    """The concept of table 1 of Kim et al., 2023, for trained methods."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """The recipes; docs/edits.md says where each comes from and how they differ."""
        return RECIPES

    def edit(self, model: Editable, generator: Generator) -> Mapping[str, Tensor]:
        """W + W (A - T) P [I - M K (K'P M K + slack I)⁻¹ K'P] M, with M = (T P + s I)⁻¹."""
        import torch

        squares, toward = self._targets(model)
        difference = toward - squares
        plain = difference @ torch.linalg.inv(squares + torch.eye(len(squares)).double())
        fixed = invariants(model.states(""), generator)
        retained = self._retained(model)
        retained = retained[torch.randperm(len(retained), generator=generator)]
        found = {}
        for name, matrix in model.matrices.items():
            if _chosen(name, self.tensors):
                stays = self._refined(retained, matrix, matrix @ plain, generator)
                free = null_space(stays, self.null)
                change = constrained(difference, squares, free, fixed, self.stay, self.slack)
                found[name] = matrix + matrix @ change
        return found

    def _targets(self, model: Editable) -> tuple[Tensor, Tensor]:
        """The means over concepts of Σ c c' and of Σ a c', (width, width), a being the anchor's."""
        import torch

        every = self.positions == "all" or (
            self.positions == "nudity" and model.concepts == ("nudity",)
        )
        goals = _rows(model, self.anchor, every=every)
        states = [_rows(model, concept, every=every) for concept in model.concepts]
        squares = torch.stack([each.T @ each for each in states])
        return squares.mean(0), torch.stack([goals.T @ each for each in states]).mean(0)

    def _retained(self, model: Editable) -> Tensor:
        """The states that are to stay, (n, width)."""
        import torch

        if not self.retained:
            return model.states("")[1:]
        words = [re.compile(rf"\b{re.escape(each.lower())}\b") for each in model.concepts]
        texts = [
            text for text in self.retained if not any(word.search(text.lower()) for word in words)
        ]
        if not texts:
            return model.states("")[:0]
        return torch.cat([_rows(model, text, every=False) for text in texts])

    def _refined(
        self, retained: Tensor, matrix: Tensor, plain: Tensor, generator: Generator
    ) -> Tensor:
        """The retained states that count for a matrix, (n, width), with their noisy copies.

        `plain` is the change of the matrix by an edit that retains nothing.
        """
        import torch

        if not self.copies:
            return retained
        kept = moved_most(retained, plain) if self.filtered else retained
        parts = [kept]
        direction = torch.linalg.svd(matrix, full_matrices=False).Vh[-1]
        for some in kept.split(self.chunk or max(1, len(kept))):
            noise = torch.randn(self.copies, *some.shape, generator=generator, dtype=some.dtype)
            copies = some + (noise @ direction)[..., None] * direction
            parts.append(moved_most(copies.flatten(0, 1), plain))
        return torch.cat(parts)


def moved_most(states: Tensor, change: Tensor) -> Tensor:
    """Those of the states (n, width) that a change of a matrix moves at least as far as they are
    moved on average: where all are moved alike, all.
    """
    far = (states @ change.T).norm(dim=1)
    return states[far >= far.mean()]


def null_space(states: Tensor, least: float) -> Tensor:
    """An orthonormal basis (width, k) of directions of less than that in the mean square."""
    import torch

    values, vectors = torch.linalg.eigh(states.T @ states / max(1, len(states)))
    free: Tensor = vectors[:, values < least]
    return free


def invariants(empty: Tensor, generator: Generator) -> Tensor:
    """States that must not move, as columns (width, 4), of those of the empty text (tokens, width):
    the first, and the means of three clusters of the others (Lloyd's algorithm, from random ones).
    """
    import torch

    others = empty[1:]
    chosen = torch.randperm(len(others), generator=generator)[:_CLUSTERS]
    centers, nearest = others[chosen], torch.empty(0)
    while True:
        closest = torch.cdist(others, centers).argmin(1)
        if torch.equal(closest, nearest):
            return torch.cat([empty[:1], centers]).T
        nearest = closest
        own = [others[nearest == number] for number in range(len(centers))]
        centers = torch.stack(
            [some.mean(0) if len(some) else old for some, old in zip(own, centers, strict=True)]
        )


def constrained(
    difference: Tensor, squares: Tensor, free: Tensor, fixed: Tensor, stay: float, slack: float
) -> Tensor:
    """The change D of SPEED, of which a matrix W gets W D.

    With the projector P on the basis `free`, P M is P L'⁻¹ L⁻¹ P where L L' = T + s I in it. There
    the fixed states forbid their span, which is projected out, or with slack a share of it; one
    that is not free at all forbids nothing.
    """
    import torch

    within = free.T @ squares @ free + stay * torch.eye(free.shape[1], dtype=torch.float64)
    lower = torch.linalg.cholesky(within)
    inward = torch.linalg.solve_triangular(lower, free.T, upper=False)
    span, sizes, _ = torch.linalg.svd(inward @ fixed, full_matrices=False)
    share = sizes.square() / (sizes.square() + slack)
    share[sizes < _ROUNDING * inward.norm() * fixed.norm()] = 0
    change: Tensor = difference @ inward.T @ (inward - (span * share) @ (span.T @ inward))
    return change


def _rows(model: Editable, text: str, *, every: bool) -> Tensor:
    """The state of the text's last word, or all but the first."""
    states = model.states(text)
    return states[1:] if every else states[[model.last(text)]]


def _chosen(name: str, tensors: str) -> bool:
    return tensors == "both" or (".to_v." if tensors == "values" else ".to_k.") in name


_PAPER = SPEED()
_RELEASED = SPEED(positions="nudity", chunk=128)

RECIPES: dict[str, Method] = {
    "paper": _PAPER,
    "released": _RELEASED,
    "released-nudity": replace(_RELEASED, stay=0.7, slack=0.5),
    "released-art": replace(_RELEASED, anchor="art"),
    "released-celebrities": replace(
        _RELEASED, anchor="person", stay=0.05, null=1e-4, filtered=False
    ),
}

METHODS: dict[str, Method] = {"speed": RECIPES["paper"]}
