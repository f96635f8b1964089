"""PNDM against the scheduler that Stable Diffusion ships with."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import PNDMScheduler
from torch import Tensor

from sdd_bench.diffusion.pndm import PNDM, timesteps
from sdd_bench.errors import InputError


def scheduler(*, set_alpha_to_one: bool = False, steps_offset: int = 1) -> PNDMScheduler:
    """Stable Diffusion 1.4's, with its published configuration."""
    return PNDMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=set_alpha_to_one,
        steps_offset=steps_offset,
    )


def estimate(latents: Tensor, time: int) -> Tensor:
    """A stand-in for the U-Net: the noise in pictures that are noise themselves, and a wiggle.

    Like a real one's, its trajectories stay of the size of the noise.
    """
    level = math.sqrt(1 - scheduler().alphas_cumprod[time])
    wiggle = 0.2 * torch.sin(3 * latents.roll(1, -1) + time / 100)
    return level * latents + wiggle


def theirs(reference: PNDMScheduler, steps: int, latents: Tensor) -> Tensor:
    reference.set_timesteps(steps)
    for time in reference.timesteps.tolist():
        latents = reference.step(estimate(latents, time), time, latents).prev_sample
    return latents


def ours(reference: PNDMScheduler, steps: int, latents: Tensor, *, double: bool = False) -> Tensor:
    sampler = PNDM(
        reference.alphas_cumprod.double().tolist(),
        steps,
        final_alpha=float(reference.final_alpha_cumprod),
        offset=reference.config.steps_offset,
        double=double,
    )
    for time in sampler.timesteps:
        latents = sampler.step(estimate(latents, time), latents)
    return latents


STEPS = (2, 3, 4, 5, 7, 10, 25, 50, 999)


def test_25_steps_call_at_the_published_timesteps() -> None:
    assert timesteps(25) == [961, 921, *range(921, 0, -40)]
    assert timesteps(25)[-3:] == [81, 41, 1]
    assert len(timesteps(25)) == 26


def test_50_steps_call_at_the_published_timesteps() -> None:
    assert timesteps(50) == [981, 961, *range(961, 0, -20)]
    assert len(timesteps(50)) == 51


@pytest.mark.parametrize("steps", STEPS)
def test_timesteps_are_those_of_diffusers(steps: int) -> None:
    reference = scheduler()
    reference.set_timesteps(steps)
    assert timesteps(steps) == reference.timesteps.tolist()


@pytest.mark.parametrize("steps", STEPS[:-1])
def test_trajectories_are_those_of_diffusers_to_the_bit(steps: int) -> None:
    noise = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    reference = scheduler()
    assert torch.equal(ours(reference, steps, noise), theirs(reference, steps, noise))
    # In double precision with the same alphas.
    reference.alphas_cumprod = reference.alphas_cumprod.double()
    reference.final_alpha_cumprod = reference.final_alpha_cumprod.double()
    noise = noise.double()
    assert torch.equal(ours(reference, steps, noise, double=True), theirs(reference, steps, noise))


@pytest.mark.parametrize(("to_one", "offset"), [(True, 1), (False, 0), (True, 0)])
def test_the_end_of_the_schedule_is_read_from_its_configuration(to_one: bool, offset: int) -> None:
    noise = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    reference = scheduler(set_alpha_to_one=to_one, steps_offset=offset)
    got = ours(reference, 10, noise)
    torch.testing.assert_close(got, theirs(reference, 10, noise), rtol=0, atol=1e-5)
    assert (got - ours(scheduler(), 10, noise)).abs().max() > 1e-3


def test_half_precision_stays_half_precision() -> None:
    noise = torch.randn(1, 4, 8, 8).to(torch.bfloat16)
    assert ours(scheduler(), 3, noise).dtype == torch.bfloat16


# 1000 steps with the offset of Stable Diffusion would start at timestep 1000, which isn't trained.
@pytest.mark.parametrize("steps", [-1, 0, 1, 1000, 1001])
def test_impossible_numbers_of_steps_are_refused(steps: int) -> None:
    with pytest.raises(InputError, match=f"from 2 to 999, not {steps}"):
        timesteps(steps)
