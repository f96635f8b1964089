"""What the trained methods share: latents half-way to a picture of the concept.

Per iteration ESD and SDD start from noise, take k DDIM steps towards a picture of the concept, and
train on what they have then (Gandikota et al., 2023, section 4; Kim et al., 2023, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sdd_bench.types import AboveZero, AtLeastZero, Steps, Trainee

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Latents:
    """How latents z_t and their times t are made."""

    scale: AtLeastZero[float] = 3.0
    """Classifier-free guidance on the way; 1 is the conditional model, as the formula says."""
    steps: Steps = 50
    """Number of DDIM steps (eta = 0) of the whole way."""
    batch: AboveZero[int] = 1
    """Latents per iteration."""
    pairing: Literal["matched", "original", "exact"] = "matched"
    """The t that a latent gets. matched: after k steps, t lies between the noise levels of steps k
    and k + 1. original: as in ESD's CompVis code, whose sampler leaves the noisiest step out and
    stops one late, so that a latent is 39 to 58 timesteps cleaner than the t it is paired with.
    exact: t is the noise level after k steps."""
    whole_way_at_zero: bool = False
    """The released trainers' slip: k = 0 goes all the way, and a finished picture gets t near 1000
    (`sample_until` never breaks)."""

    def draw(
        self,
        trainee: Trainee,
        weights: AbstractContextManager[None],
        texts: Sequence[str],
        generator: Generator,
        reuse: int = 1,
    ) -> tuple[Tensor, Tensor]:
        """Latents (reuse, N, C, h, w) on the way to N pictures of `texts`, and times (reuse, N).

        `weights` is a context in which the trainee holds the weights that sample.
        """
        import torch

        count, total = len(texts), len(trainee.alphas)
        noise = torch.randn(count, *trainee.latent_shape, generator=generator)
        bins = torch.randint(self.steps, (reuse, count), generator=generator)
        width = total // self.steps
        within = torch.randint(width, (reuse, count), generator=generator)
        times = bins * width + (1 if self.pairing == "exact" else within)
        stops = self._stops(bins)
        with weights:
            way = self._way(trainee, noise, texts, stops.amax(0))
        device = trainee.alphas.device
        latents = torch.stack([way[row, range(count)] for row in stops])
        return latents, times.to(device)

    def _stops(self, bins: Tensor) -> Tensor:
        """Numbers of DDIM steps before latents whose times lie in these bins; bin 0 holds the least
        noise.
        """
        if self.pairing == "original":
            return (self.steps - bins).clamp(max=self.steps - 1)
        stops = self.steps - 1 - bins
        return stops.masked_fill(stops == 0, self.steps) if self.whole_way_at_zero else stops

    def _way(self, trainee: Trainee, noise: Tensor, texts: Sequence[str], last: Tensor) -> Tensor:
        """Latents after 0, 1, ... steps, (max + 1, N, C, h, w); row i rests after last[i] steps."""
        import torch

        latents = noise.to(trainee.alphas.device)
        way = [latents]
        first = self.steps - (2 if self.pairing == "original" else 1)
        for done in range(int(last.max())):
            rows = (last > done).nonzero().flatten()
            of_rows = [texts[int(row)] for row in rows]
            moved = self._step(trainee, latents[rows.to(latents.device)], first - done, of_rows)
            latents = latents.index_copy(0, rows.to(latents.device), moved)
            way.append(latents)
        return torch.stack(way)

    def _step(self, trainee: Trainee, latents: Tensor, index: int, texts: Sequence[str]) -> Tensor:
        """One DDIM step (Song et al., 2021, equation 12, eta = 0) at the index-th noise level."""
        import torch

        width = len(trainee.alphas) // self.steps
        time = index * width + 1  # "leading" spacing with an offset of 1, as Stable Diffusion's
        before = time - width
        times = torch.full((2 * len(texts),), time, device=latents.device)
        empty, concept = trainee.predict(
            torch.cat([latents, latents]), times, ["" for _ in texts] + list(texts)
        ).chunk(2)
        noise = empty + self.scale * (concept - empty)
        alpha = trainee.alphas[time]
        alpha_before = trainee.alphas[before] if before >= 0 else trainee.final_alpha
        clean = (latents - (1 - alpha) ** 0.5 * noise) / alpha**0.5
        return alpha_before**0.5 * clean + (1 - alpha_before) ** 0.5 * noise


def one_of(concepts: Sequence[str], generator: Generator) -> str:
    """A random concept."""
    import torch

    return concepts[int(torch.randint(len(concepts), (), generator=generator))]
