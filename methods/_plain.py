"""Classifier-free guidance and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sdd_bench.types import State

if TYPE_CHECKING:
    from torch import Tensor


class PlainGuidance:
    """Classifier-free guidance (Ho & Salimans, 2022, equation 6): for the undefended model, and for
    methods whose weights do the removing.
    """

    __slots__ = ()

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The empty text, then the prompt."""
        return "", prompt

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        """The estimate e_0 + g (e_p - e_0)."""
        empty, prompt = noise
        return empty + scale * (prompt - empty), state
