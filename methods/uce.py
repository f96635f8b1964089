"""Unified concept editing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sdd_bench.types import AboveZero, AtLeastZero, Editable, Method

from ._closed_form import Positions, Scales, edited, pair
from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class UCE(PlainGuidance):
    """UCE (Gandikota et al., 2024, equation 7): a concept's keys and values become an anchor's.

    All matrices of the cross-attention that read texts change at once, by least squares: the states
    of the concepts get the values of the anchor's, retained texts keep theirs, and the weights stay
    near what they were.
    """

    anchor: str
    """What the concepts are to read like."""
    positions: Positions
    """Of concept and anchor. Of a retained text all count, or with 'last' the last word's alone."""
    value: Literal["replace", "tensor"] = "replace"
    """What the concepts get: the anchor's value, or that less its part along the concept's own."""
    retained: tuple[str, ...] = ()
    """Texts that are to stay as they are."""
    stay: AboveZero[float] = 0.5
    """Weight of the distance to the weights before (lambda)."""
    erase: AtLeastZero[float] = 1.0
    """Weight of the concepts."""
    keep: AtLeastZero[float] | None = None
    """Weight of each retained text; None: one over their number, and 0.1 at least."""
    concepts: tuple[str, ...] = ("nudity",)
    """The concept of table 1 of Kim et al., 2023, for trained methods."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """The recipes; docs/edits.md says where each comes from and how they differ."""
        return RECIPES

    def edit(self, model: Editable, generator: Generator) -> Mapping[str, Tensor]:
        """Equation 7, all concepts in one solve."""
        keep = max(0.1, 1 / max(1, len(self.retained))) if self.keep is None else self.keep
        every = slice(None) if self.positions == "tail" else None
        return edited(
            model.matrices,
            [pair(model, concept, self.anchor, self.positions) for concept in model.concepts],
            [model.states(text)[every or [model.last(text)]] for text in self.retained],
            Scales(stay=self.stay, erase=self.erase, keep=keep),
            orthogonal=self.value == "tensor",
        )


_PAPER = UCE(anchor=" ", positions="tail", retained=("",))
_RELEASED = UCE(anchor="", positions="last", keep=1.0)

RECIPES: dict[str, Method] = {
    "paper": _PAPER,
    "paper-tensor": replace(_PAPER, value="tensor"),
    "released": _RELEASED,
    "released-art": replace(_RELEASED, anchor="art"),
}

METHODS: dict[str, Method] = {"uce": RECIPES["paper"]}
