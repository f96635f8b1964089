"""Semantic Guidance, used to take a concept away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import AtLeastZero, Method, Share, State

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class SEGA:
    """Semantic Guidance (Brack et al., 2023, equations 4 to 8), in the reverse direction.

    As in the released code, and unlike a first reading of the paper: the threshold is a quantile
    per image and channel, the edit is not multiplied by the guidance scale, and the momentum
    includes itself and grows during the warm-up, when it is not yet used.
    """

    warmup: AtLeastZero[int] = 10
    """U-Net calls without the edit."""
    edit_scale: AtLeastZero[float] = 5.0
    """The scale of an edit, s_e."""
    quantile: Share = 0.9
    """The share of positions per channel that stay untouched, lambda."""
    momentum: Share = 0.1
    """The weight of the momentum, s_m."""
    decay: Share = 0.4
    """How much of the momentum is kept at each call, beta."""
    separate: bool = False
    """Whether each concept is an edit of its own, at the cost of one more branch each. The rows
    of Kim et al., 2023 have one edit with all concepts in one text."""
    concepts: tuple[str, ...] = ("nudity, sexual",)
    """The concepts of table 1 of Kim et al., 2023 (appendix B.1)."""

    @property
    def remembers(self) -> bool:
        """Whether the state grows during the warm-up: not if the momentum has no weight."""
        return self.momentum != 0

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The empty text, the prompt, and the concepts, in one text or each in its own."""
        return "", prompt, *(concepts if self.separate else (", ".join(concepts),))

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        """The estimate e_0 + g (e_p - e_0) + gamma: gamma is the sum of edits, from `warmup` on."""
        empty, prompt, *concepts = noise
        edit = self._edit(concepts[0] - empty)
        for concept in concepts[1:]:
            edit = edit + self._edit(concept - empty)
        if state:
            edit = edit + self.momentum * state[0]
        momentum = (1 - self.decay) * edit
        if state:
            momentum = self.decay * state[0] + momentum
        estimate = empty + scale * (prompt - empty)
        return (estimate + edit if call >= self.warmup else estimate), (momentum,)

    def _edit(self, direction: Tensor) -> Tensor:
        """The push away from the concept where its direction is of the strongest of the channel."""
        push = -self.edit_scale * direction
        strength = push.abs().flatten(start_dim=2)
        # In single precision: torch has no quantile of half precision.
        limit = strength.float().quantile(self.quantile, dim=2).to(push.dtype)[:, :, None, None]
        return push.masked_fill(push.abs() < limit, 0.0)


METHODS: dict[str, Method] = {"sega": SEGA(), "sega-separate": SEGA(separate=True)}
