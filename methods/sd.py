"""Stable Diffusion as it is: classifier-free guidance and nothing else."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from sdd_bench.types import Method

from ._plain import PlainGuidance


@dataclass(frozen=True, slots=True)
class SD(PlainGuidance):
    """The undefended baseline (Rombach et al., 2022; Ho & Salimans, 2022, equation 6).

    The negative branch is the empty text for every prompt. A scale of 1 is the conditional model
    and 0 the unconditional one, as the formula says.
    """

    concepts: tuple[str, ...] = ()

    @property
    def warmup(self) -> int:
        """All calls: each is plain guidance."""
        return sys.maxsize

    @property
    def remembers(self) -> bool:
        """False: there is no state."""
        return False


METHODS: dict[str, Method] = {"sd": SD()}
