"""What the edits share: least squares that make texts read like others (UCE's equation 7).

Matrices are (out, width) in double precision, text states (n, width), a row per position. Nothing
depends on the order of concepts but the last bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from sdd_bench.types import Editable

if TYPE_CHECKING:
    from torch import Tensor

Positions: TypeAlias = Literal["last", "tail"]
"""Which states of two texts are paired. last: those of their last words. tail: those from there to
the end of the padding, as many as both have."""


@dataclass(frozen=True, slots=True)
class Pair:
    """States of a text and what they are to read like, both (n, width), row by row."""

    states: Tensor
    goals: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """How strongly each part of equation 7 counts."""

    stay: float
    """Of the distance to the weights before (lambda)."""
    erase: float = 1.0
    """Of the states that change."""
    keep: float = 1.0
    """Of the states that are retained."""


def pair(model: Editable, text: str, goal: str, positions: Positions) -> Pair:
    """The states of a text and of what it is to read like."""
    first, second = model.last(text), model.last(goal)
    states, goals = model.states(text), model.states(goal)
    if positions == "last":
        return Pair(states[[first]], goals[[second]])
    count = len(states) - max(first, second)
    return Pair(states[first : first + count], goals[second : second + count])


def edited(
    matrices: Mapping[str, Tensor],
    pairs: Sequence[Pair],
    retained: Sequence[Tensor],
    scales: Scales,
    *,
    orthogonal: bool = False,
) -> dict[str, Tensor]:
    """Matrices whose values of the states are those of their goals, as far as the scales let them.

    Equation 7, (l W + e Σ W g c' + p Σ W r r') (l I + e Σ c c' + p Σ r r')⁻¹, is W + W B A⁻¹ with
    B = e Σ (g - c) c' and A its second factor: B A⁻¹ is the same for all matrices, and zero for
    goals that are reached. `orthogonal` takes from the value of each goal its part along the value
    of its states, all positions as one vector ("tensor" in the released code).
    """
    import torch

    width = pairs[0].states.shape[1]
    gram = scales.stay * torch.eye(width, dtype=torch.float64)
    gram = gram + scales.erase * _sum(each.states.T @ each.states for each in pairs)
    for states in retained:
        gram = gram + scales.keep * states.T @ states
    lower = torch.linalg.cholesky(gram)

    def over_gram(product: Tensor) -> Tensor:
        return scales.erase * torch.cholesky_solve(product.T, lower).T

    change = over_gram(_sum((each.goals - each.states).T @ each.states for each in pairs))
    if not orthogonal:
        return {name: matrix + matrix @ change for name, matrix in matrices.items()}
    own = [over_gram(each.states.T @ each.states) for each in pairs]
    return {
        name: matrix
        + matrix
        @ (change - _sum(_share(matrix, at) * to for at, to in zip(pairs, own, strict=True)))
        for name, matrix in matrices.items()
    }


def _share(matrix: Tensor, of: Pair) -> Tensor:
    """The coefficient of the states' values in those of their goals."""
    values, goals = of.states @ matrix.T, of.goals @ matrix.T
    return (values * goals).sum() / values.square().sum()


def _sum(tensors: Iterable[Tensor]) -> Tensor:
    import torch

    return torch.stack(list(tensors)).sum(0)
