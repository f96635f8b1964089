"""Erased Stable Diffusion as its authors' script of 2025 trains it, `esd_sd.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sdd_bench.types import AtLeastZero, Method, Optimisation, Trainee

from ._erasing import Latents, one_of
from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class ESDSD(PlainGuidance):
    """ESD as its authors' script of 2025 trains it (Gandikota et al., 2023; esd_sd.py).

    The model learns to move away from a concept, where another one may be asked for. The loss is
    |e(z_t, f, t) - (e*(z_t, f, t) - n [e*(z_t, c, t) - e*(z_t, t)])|^2 with the frozen model e*,
    and f the text to erase from. Where f is c this is ESD with eta = n - 1.
    """

    optimisation: Optimisation
    negative_guidance: AtLeastZero[float] = 2.0
    """n; greater by 1 than eta of `esd`."""
    erase_from: str = ""
    """f, the text whose pictures lose the concept; empty: the concept itself."""
    sampler: Literal["student", "original"] = "original"
    """The weights that make the latents: those in training, or those before it."""
    latents: Latents = field(default_factory=Latents)
    concepts: tuple[str, ...] = ("nudity",)
    """The concept of table 1 of Kim et al., 2023, for trained methods."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """The recipes; docs/recipes.md says where each comes from and how they differ."""
        return _recipes(self.optimisation.trainable)

    def loss(self, trainee: Trainee, iteration: int, generator: Generator) -> Tensor:
        """The mean over all elements; one random concept per latent."""
        import torch.nn.functional as F

        texts = [one_of(trainee.concepts, generator) for _ in range(self.latents.batch)]
        source = [self.erase_from or text for text in texts]
        weights = trainee.student() if self.sampler == "student" else trainee.original()
        way, ways_times = self.latents.draw(trainee, weights, source, generator)
        latents, times = way[0], ways_times[0]
        with trainee.original():
            empty = trainee.predict(latents, times, [""] * len(latents))
            concept = trainee.predict(latents, times, texts)
            start = trainee.predict(latents, times, source) if self.erase_from else concept
        target = start - self.negative_guidance * (concept - empty)
        return F.mse_loss(trainee.predict(latents, times, source), target)


_PAPER = Optimisation(iterations=1000, rate=1e-5, optimizer="adam")
_RELEASED = Optimisation(iterations=200, rate=5e-5, optimizer="adam")
_MINIATURE_RATES = {"xattn": 1e-3, "xattn-kv": 1e-3}


def _recipes(trainable: str) -> dict[str, Method]:
    def learning(plan: Optimisation) -> Optimisation:
        return replace(plan, trainable=trainable)

    rate = _MINIATURE_RATES.get(trainable, 1e-4)
    small = replace(_RELEASED, rate=rate, schedule="cosine", warmup=20, clip=1.0)
    return {
        "paper": ESDSD(optimisation=learning(_PAPER), sampler="student"),
        "released": ESDSD(optimisation=learning(_RELEASED), latents=Latents(pairing="exact")),
        "miniature": ESDSD(
            optimisation=learning(small), latents=Latents(steps=10, batch=4, pairing="exact")
        ),
    }


METHODS: dict[str, Method] = {
    f"esd-sd-{preset}": _recipes(trainable)["paper"]
    for preset, trainable in (
        ("x", "xattn"),
        ("x-strict", "xattn-kv"),
        ("u", "layers-noxattn"),
        ("all", "layers"),
    )
}
