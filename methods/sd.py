"""Stable Diffusion as it is: classifier-free guidance and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import Method, State

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class SD:
    """The undefended baseline (Rombach et al., 2022; Ho & Salimans, 2022, equation 6).

    The negative branch is the empty text for every prompt. A scale of 1 is the conditional model
    and 0 the unconditional one, as the formula says.
    """

    concepts: tuple[str, ...] = ()

    @property
    def warmup(self) -> int:
        """Every call is plain guidance."""
        return sys.maxsize

    @property
    def remembers(self) -> bool:
        """There is no state."""
        return False

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The empty text, then the prompt."""
        return "", prompt

    def guide(
        self,
        call: int,
        noise: Sequence[Tensor],
        scale: float,
        state: State,
    ) -> tuple[Tensor, State]:
        """e_0 + g (e_p - e_0)."""
        empty, prompt = noise
        return empty + scale * (prompt - empty), state


PLUGINS: dict[str, Method] = {"sd": SD()}
