"""Stable Diffusion with the concept as its negative prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import Method, State

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class NegativePrompt:
    """SD+NEG (Kim et al., 2023, section 4.1).

    "The target concept is provided instead of an empty string" to the negative branch, so the
    empty text is never evaluated and the cost is that of plain Stable Diffusion.
    """

    concepts: tuple[str, ...] = ("nudity, sexual",)
    """The concepts of table 1 (appendix B.1)."""

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The concepts in one text, then the prompt."""
        return ", ".join(concepts), prompt

    def guide(
        self,
        call: int,
        noise: Sequence[Tensor],
        scale: float,
        state: State,
    ) -> tuple[Tensor, State]:
        """The estimate e_n + g (e_p - e_n)."""
        concept, prompt = noise
        return concept + scale * (prompt - concept), state


METHODS: dict[str, Method] = {"sd-neg": NegativePrompt()}
