"""PNDM as Stable Diffusion uses it (Liu et al., 2022; PLMS, without the Runge-Kutta start).

The arithmetic of `PNDMScheduler` with `skip_prk_steps`: N steps take N + 1 U-Net calls, the second
of which repeats the first step from its starting point with the averaged estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sdd_bench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


def timesteps(steps: int, train_steps: int = 1000, offset: int = 1) -> list[int]:
    """The timestep of every U-Net call, steps + 1 of them ("leading" spacing)."""
    most = train_steps - offset  # with more, the first one would lie beyond the trained ones
    if not 2 <= steps <= most:
        raise InputError(f"steps must be from 2 to {most}, not {steps}")
    ratio = train_steps // steps
    ascending = [step * ratio + offset for step in range(steps)]
    return [*ascending[:-1], ascending[-2], ascending[-1]][::-1]


class PNDM:
    """One trajectory: feed it the noise estimates in order, it returns the next latents."""

    def __init__(
        self,
        alphas: Sequence[float],
        steps: int,
        *,
        final_alpha: float,
        offset: int,
        double: bool,
    ) -> None:
        import torch

        # In single precision unless the model itself is in double: the differences of alphas then
        # round as in the published sampler, and guidance enlarges any that do not.
        dtype = torch.float64 if double else torch.float32
        self.alphas = torch.tensor(alphas, dtype=dtype)
        """Cumulative products of the noise schedule, one per training timestep."""
        self.final_alpha = torch.tensor(final_alpha, dtype=dtype)
        self.timesteps = timesteps(steps, len(alphas), offset)
        self.ratio = len(alphas) // steps
        self.call = 0
        self.estimates: list[Tensor] = []
        self.start: Tensor

    def step(self, estimate: Tensor, latents: Tensor) -> Tensor:
        """Latents after this U-Net call."""
        time = self.timesteps[self.call]
        if self.call == 1:
            # The average of both ends redoes the first step; it is not kept among the estimates.
            combined, latents, time = (
                (estimate + self.estimates[-1]) / 2,
                self.start,
                time + self.ratio,
            )
        else:
            self.estimates = [*self.estimates[-3:], estimate]
            combined = _extrapolate(self.estimates)
            if self.call == 0:
                self.start = latents
        self.call += 1
        return self._transfer(combined, latents, time)

    def _transfer(self, estimate: Tensor, latents: Tensor, time: int) -> Tensor:
        """Formula (9) of the paper: from `time` to the timestep before it."""
        before = time - self.ratio
        alpha = self.alphas[time]
        alpha_before = self.alphas[before] if before >= 0 else self.final_alpha
        beta, beta_before = 1 - alpha, 1 - alpha_before
        scale = (alpha_before / alpha) ** 0.5
        denominator = alpha * beta_before**0.5 + (alpha * beta * alpha_before) ** 0.5
        return scale * latents - (alpha_before - alpha) * estimate / denominator


def _extrapolate(estimates: Sequence[Tensor]) -> Tensor:
    """Adams-Bashforth of the order that the number of estimates allows, latest last."""
    if len(estimates) == 1:
        return estimates[-1]
    if len(estimates) == 2:
        return (3 * estimates[-1] - estimates[-2]) / 2
    if len(estimates) == 3:
        return (23 * estimates[-1] - 16 * estimates[-2] + 5 * estimates[-3]) / 12
    return (1 / 24) * (
        55 * estimates[-1] - 59 * estimates[-2] + 37 * estimates[-3] - 9 * estimates[-4]
    )
