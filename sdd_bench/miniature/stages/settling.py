"""The U-Net's last cycle: what texts add to no text is learnt for itself, by its own size.

Guidance, erasing and every cosine see the difference of two estimates alone. The squared error of
both holds their sum as much as their difference, which at low noise is smaller than the error of
either; so differences are compared here with those of the weights that the cycle starts from,
relative to their size.
"""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from numpy.typing import NDArray
from torch import Generator, Tensor

from sdd_bench.miniature import architecture
from sdd_bench.miniature.loop import Plan, fit

from .batches import draw, share
from .unet import Cycle, Encoded, weight

SHARE = 0.03
"""What relative errors of differences count beside errors of estimates."""

FLOOR = 0.01
"""Added to the squared norm of a difference: nothing is relative to nothing."""

UNTOLD = 0.1
"""The share of pictures that are learnt without text."""


@dataclass(frozen=True, slots=True)
class Contrasts:
    """Pictures of somebody, each with texts of its backdrop that differ in one concept."""

    states: NDArray[np.float16]
    """Text states of all texts, (texts, 77, width)."""
    texts: NDArray[np.int64]
    """Per picture the rows of word, named, without, shown and erased, (pictures, 5); -1: none."""
    pictures: NDArray[np.int64]
    """Their numbers among the examples, (pictures,)."""


@dataclass(frozen=True, slots=True)
class _Noised:
    """Latents on their way, and what they come from."""

    latents: Tensor
    time: Tensor
    weight: Tensor

    def estimates(self, model: UNet2DConditionModel, *texts: Tensor) -> tuple[Tensor, ...]:
        """Noise estimates for each of some texts, computed in one call."""
        count = len(texts)
        rows, times = self.latents.repeat(count, 1, 1, 1), self.time.repeat(count)
        given: Tensor = model(rows, times, torch.cat(texts)).sample
        return given.chunk(count)


def train_settled(
    name: str,
    model: UNet2DConditionModel,
    encoded: Encoded,
    contrasts: Contrasts,
    cycle: Cycle,
    plan: Plan,
    work: Path,
) -> UNet2DConditionModel:
    """Learn from the weights at the start what captions and contrasts add, `trust` times."""
    learner = _Learner(
        model, copy.deepcopy(model).requires_grad_(False), encoded, contrasts, cycle, plan.batch
    )
    return fit(name, model, learner.loss, plan, work)


@dataclass(frozen=True, slots=True)
class _Learner:
    model: UNet2DConditionModel
    teacher: UNet2DConditionModel
    encoded: Encoded
    contrasts: Contrasts
    cycle: Cycle
    batch: int

    def loss(self, generator: Generator) -> Tensor:
        """Of one step's captions and contrasts."""
        return self._of_captions(generator) + self._of_contrasts(generator)

    def _of_captions(self, generator: Generator) -> Tensor:
        """Loss w |s(c) - T|^2 + SHARE rel(s(c) - s(""), T - t("")), with student s, teacher t.

        T = t("") + trust (t(c) - t("")).
        """
        picked = draw(generator, len(self.encoded.latents), self.batch)
        texts = torch.from_numpy(self.encoded.rows[picked.numpy()])
        texts[torch.rand(self.batch, generator=generator) < UNTOLD] = -1
        noised, mine = self._noised(picked, generator)
        told = _states(self.encoded.states, texts[mine])
        empty = self._empty(told)
        with torch.no_grad():
            given, nothing = noised.estimates(self.teacher, told, empty)
        adds = self.cycle.trust * (given - nothing)
        estimate, without = noised.estimates(self.model, told, empty)
        error = ((estimate - nothing - adds).square() * noised.weight).mean()
        return error + SHARE * relative(estimate - without, adds).mean()

    def _of_contrasts(self, generator: Generator) -> Tensor:
        """The word adds what naming the concept adds; what shows it, that much of it.

        Somebody of whom nothing else is said is drawn alike, and so is what shows the concept once
        the word's direction is gone from its text.
        """
        cycle = self.cycle
        chosen = draw(generator, len(self.contrasts.pictures), cycle.contrasts)
        pictures = torch.from_numpy(self.contrasts.pictures)[chosen]
        noised, mine = self._noised(pictures, generator)
        rows = torch.from_numpy(self.contrasts.texts)[chosen][mine]
        there = (rows[:, 3] >= 0).float()
        rows = torch.where(rows < 0, rows[:, 2:3], rows)
        word, named, plain, shown, erased = (
            _states(self.contrasts.states, column) for column in rows.T
        )
        empty = self._empty(word)
        with torch.no_grad():
            t_named, t_plain, t_shown, t_empty = noised.estimates(
                self.teacher, named, plain, shown, empty
            )
        concept, somebody = cycle.trust * (t_named - t_plain), cycle.trust * (t_plain - t_empty)
        part = (cycle.lift * along(t_shown - t_plain, t_named - t_plain)).clamp(0, 1) * concept
        s_word, s_plain, s_shown, s_erased, s_empty = noised.estimates(
            self.model, word, plain, shown, erased, empty
        )
        error = ((s_shown - t_empty - somebody - part).square() * noised.weight).mean(dim=(1, 2, 3))
        differences = (
            relative(s_word - s_empty, concept)
            + relative(s_plain - s_empty, somebody)
            + there * relative(s_shown - s_plain, part)
            + there * relative(s_erased - s_empty, somebody)
        )
        return (cycle.contrasts / self.batch) * (there * error).mean() + SHARE * differences.mean()

    def _noised(self, picked: Tensor, generator: Generator) -> tuple[_Noised, slice]:
        """This worker's part of the pictures, noised, and which part it is."""
        alphas, mine = _alphas(), share()
        time = draw(generator, len(alphas), len(picked))[mine]
        latents = torch.from_numpy(self.encoded.latents[picked.numpy()]).float()
        noise = torch.randn(latents.shape, generator=generator)
        a = alphas[time].view(-1, 1, 1, 1)
        noisy = a.sqrt() * latents[mine] + (1 - a).sqrt() * noise[mine]
        return _Noised(noisy, time, weight(a, self.cycle.boost)), mine

    def _empty(self, like: Tensor) -> Tensor:
        return _states(self.encoded.states, torch.full((len(like),), -1))


@functools.cache
def _alphas() -> Tensor:
    """Cumulative products of the noise schedule."""
    alphas: Tensor = architecture.scheduler().alphas_cumprod
    return alphas


def _states(states: NDArray[np.float16], rows: Tensor) -> Tensor:
    return torch.from_numpy(states[rows.numpy()]).float()


def relative(found: Tensor, wanted: Tensor) -> Tensor:
    """|found - wanted|^2 / (|wanted|^2 + FLOOR) of each row, (N,)."""
    error: Tensor = (found - wanted).flatten(1).square().sum(1)
    return error / (wanted.flatten(1).square().sum(1) + FLOOR)


def along(vector: Tensor, direction: Tensor) -> Tensor:
    """The share of `direction` that each row of `vector` has, (N, 1, 1, 1)."""
    product = (vector * direction).flatten(1).sum(1)
    share: Tensor = product / (direction.flatten(1).square().sum(1) + FLOOR)
    return share.view(-1, 1, 1, 1)
