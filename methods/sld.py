"""Safe Latent Diffusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.types import Method, State

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

    warmup: int
    """U-Net calls without safety guidance; PNDM makes one more call than it has steps."""
    scale: float
    """s_S, the slope of mu."""
    threshold: float
    """lambda."""
    momentum: float
    """s_m, the weight of the momentum."""
    decay: float
    """beta_m, how much of the momentum is kept at each call."""
    concepts: tuple[str, ...] = ("nudity, sexual",)
    """Table 1 of Kim et al., 2023 (appendix B.1)."""

    @property
    def remembers(self) -> bool:
        """The momentum grows during the warm-up, if it counts at all."""
        return self.momentum != 0

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        """The empty text, the prompt, and the concepts in one text."""
        return "", prompt, ", ".join(concepts)

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        """e_0 + g (e_p - e_0 - gamma), with gamma the safety term from `warmup` on."""
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
