"""Safe self-distillation diffusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sdd_bench.types import Method, Optimisation, Trainee

from ._erasing import Latents, one_of
from ._plain import PlainGuidance

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class SDD(PlainGuidance):
    """SDD (Kim et al., 2023, section 3): the model learns to answer a concept like no text at all.

    The loss is |e(z_t, c_s, t) - sg[e(z_t, t)]|^2 (equation 12), both estimates by the student,
    the one without text detached. z_t comes from the moving average of the student (the teacher)
    under guidance to c_p, and the teacher is the result.
    """

    optimisation: Optimisation
    latents: Latents = field(default_factory=Latents)
    reversed: bool = False
    """Which texts make what. False, as in section 3.3: one random concept makes the latent (c_p),
    all of them joined make the loss (c_s). True, as in the released train_sdd.py: all joined make
    the latent, and the loss goes through the concepts in turn."""
    anchored: bool = False
    """Whose estimate is the target. False, as in equation 12: the student's without text. True: the
    frozen model's (a remark in ESD's code proposes it). The two estimates share most of what a
    small network computes, so that the student's runs away from the step that is to reach it."""
    concepts: tuple[str, ...] = ("nudity",)
    """The concept of table 1 (appendix B.1)."""

    @property
    def recipes(self) -> Mapping[str, Method]:
        """The recipes; docs/training.md says where each comes from and how they differ."""
        return RECIPES

    def loss(self, trainee: Trainee, iteration: int, generator: Generator) -> Tensor:
        """Equation 12, the mean over all elements."""
        import torch.nn.functional as F

        latents, times = self._latents(trainee, iteration, generator)
        removed = self._removed(trainee.concepts, iteration)
        with trainee.original() if self.anchored else trainee.student():
            target = trainee.predict(latents, times, [""] * len(latents))
        return F.mse_loss(trainee.predict(latents, times, [removed] * len(latents)), target)

    def _removed(self, concepts: Sequence[str], iteration: int) -> str:
        return concepts[iteration % len(concepts)] if self.reversed else ", ".join(concepts)

    def _latents(
        self, trainee: Trainee, iteration: int, generator: Generator
    ) -> tuple[Tensor, Tensor]:
        """The latents and times of this iteration; the first of `reuse` iterations makes them for
        the others.
        """
        turn = iteration % self.optimisation.reuse
        if turn == 0:
            joined = ", ".join(trainee.concepts)
            texts = [
                joined if self.reversed else one_of(trainee.concepts, generator)
                for _ in range(self.latents.batch)
            ]
            trainee.memo["latents"], trainee.memo["times"] = self.latents.draw(
                trainee, trainee.teacher(), texts, generator, self.optimisation.reuse
            )
        return trainee.memo["latents"][turn], trainee.memo["times"][turn]


_PAPER = Optimisation(
    iterations=1500, rate=1e-5, schedule="cosine", warmup=500, weight_decay=1e-2, ema=0.999
)
_RELEASED = Optimisation(iterations=1500, rate=1e-5, weight_decay=1e-4, clip=1.0, ema=0.999)
_FAST = Optimisation(iterations=1000, rate=1e-5, weight_decay=1e-2, ema=0.998)
_MINIATURE = Optimisation(
    iterations=640,
    rate=1.2e-3,
    schedule="cosine",
    warmup=40,
    weight_decay=1e-2,
    ema=0.98,
    reuse=8,
)
_SHORT = Latents(scale=2.0, steps=10, batch=16)

RECIPES: dict[str, Method] = {
    "paper": SDD(optimisation=_PAPER),
    "released": SDD(optimisation=_RELEASED, latents=Latents(whole_way_at_zero=True), reversed=True),
    "fast": SDD(optimisation=_FAST),
    "lean": SDD(optimisation=replace(_PAPER, reuse=8)),
    "miniature": SDD(optimisation=_MINIATURE, latents=_SHORT, anchored=True),
    "miniature-fresh": SDD(
        optimisation=replace(_MINIATURE, reuse=1), latents=_SHORT, anchored=True
    ),
}

METHODS: dict[str, Method] = {"sdd": RECIPES["paper"]}
