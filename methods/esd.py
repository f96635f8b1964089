"""Erased Stable Diffusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sdd_bench.types import AtLeastZero, Method, Optimisation, Trainee

from ._erasing import Latents, one_of
from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class ESD(PlainGuidance):
    """ESD (Gandikota et al., 2023, equation 7): the model learns to move away from a concept.

    The loss is |e(z_t, c, t) - (e*(z_t, t) - eta [e*(z_t, c, t) - e*(z_t, t)])|^2 with the frozen
    model e* as the target. z_t comes from the student under guidance to c, and the student is the
    result. ESD-x trains the cross-attention, ESD-u everything else.
    """

    optimisation: Optimisation
    eta: AtLeastZero[float]
    """Negative guidance of the target."""
    latents: Latents = field(default_factory=Latents)
    concepts: tuple[str, ...] = ("nudity",)
    """The concepts of table 1 of Kim et al., 2023 (appendix B.1)."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """The recipes; docs/training.md says where each comes from and how they differ."""
        return _recipes(self.eta, self.optimisation.trainable)

    def loss(self, trainee: Trainee, iteration: int, generator: Generator) -> Tensor:
        """Equation 7, the mean over all elements; one random concept per latent."""
        import torch.nn.functional as F

        texts = [one_of(trainee.concepts, generator) for _ in range(self.latents.batch)]
        way, ways_times = self.latents.draw(trainee, trainee.student(), texts, generator)
        latents, times = way[0], ways_times[0]
        with trainee.original():
            empty = trainee.predict(latents, times, [""] * len(latents))
            concept = trainee.predict(latents, times, texts)
        target = empty - self.eta * (concept - empty)
        return F.mse_loss(trainee.predict(latents, times, texts), target)


_PORT = Optimisation(iterations=1000, rate=1e-5, weight_decay=1e-4, clip=1.0)
_ORIGINAL = Optimisation(iterations=1000, rate=1e-5, optimizer="adam")
_MINIATURE_RATES = {"xattn": 1e-3, "noxattn": 1e-4}
_MINIATURE_BATCHES = {"xattn": 8, "noxattn": 4}


def _recipes(eta: float, trainable: str) -> dict[str, Method]:
    def esd(optimisation: Optimisation, latents: Latents) -> Method:
        return ESD(
            optimisation=replace(optimisation, trainable=trainable), eta=eta, latents=latents
        )

    return {
        "paper": esd(_PORT, Latents()),
        "original": esd(_ORIGINAL, Latents(pairing="original")),
        "released": esd(_PORT, Latents(whole_way_at_zero=True)),
        "miniature": esd(
            Optimisation(
                iterations=200,
                rate=_MINIATURE_RATES[trainable],
                schedule="cosine",
                warmup=20,
                weight_decay=1e-4,
                clip=1.0,
            ),
            Latents(steps=10, batch=_MINIATURE_BATCHES[trainable]),
        ),
    }


METHODS: dict[str, Method] = {
    f"esd-{letter}-{eta}": _recipes(float(eta), trainable)["paper"]
    for letter, trainable in (("x", "xattn"), ("u", "noxattn"))
    for eta in (1, 3)
}
