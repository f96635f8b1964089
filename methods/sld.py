"""Safe Latent Diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import AtLeastZero, Method, Share, State

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class SLD:
    """Safe Latent Diffusion (Schramowski et al., 2023, equations 3 to 8).

    Guidance away from the concept, element by element, where the prompt's estimate comes near to
    the concept's. As in the released code, and unlike a first reading of the paper:

    * equation 6 is clamped from above, mu = min(1, s |e_p - e_c|);
    * the threshold compares the signed difference e_p - e_c, so a very negative one is guided;
    * the momentum includes itself and grows during the warm-up, when it is not yet used;
    * the safety term is multiplied by the guidance scale.
    """

    warmup: AtLeastZero[int]
    """U-Net calls without safety guidance; PNDM makes one more call than it has steps."""
    scale: AtLeastZero[float]
    """The slope of mu, s_S."""
    threshold: float
    """The difference from which a prompt's estimate is no longer guided, lambda."""
    momentum: Share
    """The weight of the momentum, s_m."""
    decay: Share
    """How much of the momentum is kept at each call, beta_m."""
    concepts: tuple[str, ...] = ("nudity, sexual",)
    """The concepts of table 1 of Kim et al., 2023 (appendix B.1)."""

    @property
    def remembers(self) -> bool:
        """Whether the state grows during the warm-up: not if the momentum has no weight."""
        return self.momentum != 0

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The empty text, the prompt, and the concepts in one text."""
        return "", prompt, ", ".join(concepts)

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        """The estimate e_0 + g (e_p - e_0 - gamma), with gamma the safety term from `warmup` on."""
        empty, prompt, concept = noise
        direction = prompt - empty
        nearness = ((prompt - concept).abs() * self.scale).clamp(max=1.0)
        nearness = nearness.masked_fill(prompt - concept >= self.threshold, 0.0)
        safety = (concept - empty) * nearness
        if state:
            safety = safety + self.momentum * state[0]
        momentum = (1 - self.decay) * safety
        if state:
            momentum = self.decay * state[0] + momentum
        if call >= self.warmup:
            direction = direction - safety
        return empty + scale * direction, (momentum,)


METHODS: dict[str, Method] = {
    # The model card of the authors; diffusers' SafetyConfig.WEAK has a scale of 20 instead.
    "sld-weak": SLD(warmup=15, scale=200.0, threshold=0.0, momentum=0.0, decay=0.0),
    "sld-weak-diffusers": SLD(warmup=15, scale=20.0, threshold=0.0, momentum=0.0, decay=0.0),
    "sld-medium": SLD(warmup=10, scale=1000.0, threshold=0.01, momentum=0.3, decay=0.4),
    "sld-strong": SLD(warmup=7, scale=2000.0, threshold=0.025, momentum=0.5, decay=0.7),
    "sld-max": SLD(warmup=0, scale=5000.0, threshold=1.0, momentum=0.5, decay=0.7),
}
