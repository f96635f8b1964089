"""SLD and SEGA against numbers worked out by hand, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.generator import denoise
from sdd_bench.types import Prompt, Sample, Settings

WARMED_UP = 10
"""The first call at which sld-medium, sega and sega-separate guide."""


def maps(*values: float) -> Tensor:
    """A noise estimate of one image with one channel."""
    return torch.tensor(values).reshape(1, 1, 1, -1)


# --- sld-medium: mu is 1000 |d| up to 1, and 0 from d = 0.01 on -------------------------------

EMPTY = maps(0.1, 0.1, 0.1, 0.1)
TEXT = maps(0.3, 0.3, 0.3, 0.3)
CONCEPT = maps(1.3, 0.3005, 0.295, 0.25)  # d = -1, -0.0005, 0.005, 0.05
SAFETY = maps(1.2, 0.10025, 0.195, 0.0)  # mu = 1, 0.5, 1, 0

CARRIED = maps(0.1, 0.1, 0.1, 0.1)
GAMMA = SAFETY + 0.03
"""With 0.3 of what is carried."""


def assert_same(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=2e-5)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 7.5])
def test_sld_multiplies_prompt_and_safety_by_any_guidance_scale(scale: float) -> None:
    """The pipelines of diffusers leave the safety term out at a scale of 1 and below."""
    estimate, state = (
        registry.scan()
        .method("sld-medium")
        .guide(WARMED_UP, (EMPTY, TEXT, CONCEPT), scale, (CARRIED,))
    )
    assert_same(estimate, EMPTY + scale * (0.2 - GAMMA))
    assert_same(state[0], 0.4 * CARRIED + 0.6 * GAMMA)


def test_sld_at_scale_0_is_the_unconditional_estimate() -> None:
    noise = (EMPTY, TEXT, CONCEPT)
    estimate, _ = registry.scan().method("sld-medium").guide(WARMED_UP, noise, 0.0, (CARRIED,))
    assert torch.equal(estimate, EMPTY)


def test_sld_at_scale_1_is_the_prompts_estimate_less_the_safety_term() -> None:
    noise = (EMPTY, TEXT, CONCEPT)
    estimate, _ = registry.scan().method("sld-medium").guide(WARMED_UP, noise, 1.0, (CARRIED,))
    assert_same(estimate, TEXT - GAMMA)


def test_sld_leaves_alone_what_is_as_far_from_the_concept_as_the_threshold() -> None:
    # `>=` in the released code, with the 1 of sld-max: no safety term at the first position.
    noise = (maps(0.5, 0.5), maps(1.0, 0.75), maps(0.0, 0.0))
    estimate, _ = registry.scan().method("sld-max").guide(0, noise, 2.0, ())
    assert_same(estimate, maps(0.5 + 2 * 0.5, 0.5 + 2 * (0.25 + 0.5)))


def test_sld_gathers_momentum_while_it_warms_up() -> None:
    method = registry.scan().method("sld-medium")
    estimate, state = method.guide(0, (EMPTY, TEXT, CONCEPT), 7.5, ())
    assert_same(estimate, EMPTY + 7.5 * (TEXT - EMPTY))
    assert_same(state[0], 0.6 * SAFETY)
    estimate, state = method.guide(WARMED_UP - 1, (EMPTY, TEXT, CONCEPT), 7.5, state)
    assert_same(estimate, EMPTY + 7.5 * (TEXT - EMPTY))
    assert_same(state[0], (0.4 * 0.6 + 0.6 * (1 + 0.3 * 0.6)) * SAFETY)


# --- sega: of ten positions the strongest one is moved ----------------------------------------

ZERO = maps(*[0.0] * 10)
DIRECTION = maps(*[0.01 * step for step in range(1, 11)])
BEFORE = torch.full_like(ZERO, 0.2)
EDIT = maps(*[0.0] * 9, -0.5) + 0.02
"""-5 times the direction from its 90 % quantile on, with 0.1 of what was there before."""


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 7.5])
def test_sega_adds_the_edit_at_any_guidance_scale_and_does_not_multiply_it(scale: float) -> None:
    """The pipeline of diffusers leaves the edit out at a scale of 1 and below."""
    estimate, state = (
        registry.scan()
        .method("sega")
        .guide(WARMED_UP, (ZERO + 0.1, ZERO + 0.3, DIRECTION + 0.1), scale, (BEFORE,))
    )
    assert_same(estimate, 0.1 + scale * 0.2 + EDIT)
    assert_same(state[0], 0.4 * BEFORE + 0.6 * EDIT)


def test_sega_finds_the_strongest_positions_of_each_image_and_channel() -> None:
    weak = torch.cat([DIRECTION, 0.001 * DIRECTION.flip(3)], dim=1)
    both = torch.cat([weak, 0.1 * weak])
    estimate, _ = (
        registry.scan().method("sega").guide(WARMED_UP, (0 * both, 0 * both, both), 7.5, ())
    )
    assert estimate.ne(0).sum(3).tolist() == [[[1], [1]], [[1], [1]]]
    assert_same(estimate[0, 0, 0, 9], torch.tensor(-0.5))
    assert_same(estimate[1, 1, 0, 0], torch.tensor(-0.00005))


def test_sega_separate_adds_up_the_edits_of_all_concepts() -> None:
    concepts = (DIRECTION + 0.1, DIRECTION.flip(3) + 0.1)
    estimate, _ = (
        registry.scan()
        .method("sega-separate")
        .guide(WARMED_UP, (ZERO + 0.1, ZERO + 0.1, *concepts), 7.5, (BEFORE,))
    )
    assert_same(estimate, 0.1 + maps(-0.5, *[0.0] * 8, -0.5) + 0.02)


def test_sega_moves_what_is_as_strong_as_the_quantile() -> None:
    noise = (ZERO, ZERO, ZERO + 0.1)
    estimate, _ = registry.scan().method("sega").guide(WARMED_UP, noise, 7.5, ())
    assert_same(estimate, ZERO - 0.5)


def test_sega_rounds_the_quantile_to_the_precision_of_the_estimates() -> None:
    # As the released code does: a tenth of the way from 1 to the next number of half precision is
    # 1, so that both of the strongest are moved.
    direction = maps(*[0.0] * 8, 1.0, 1 + 2**-10).half()
    method = replace(cast(Any, registry.scan().method("sega")), edit_scale=1.0)
    noise = (0 * direction, 0 * direction, direction)
    estimate, _ = method.guide(WARMED_UP, noise, 7.5, ())
    assert estimate.flatten().tolist() == [0.0] * 8 + [-1.0, -1 - 2**-10]


@pytest.mark.parametrize("name", ["sega", "sega-separate"])
def test_sega_warms_up_without_the_edit(name: str) -> None:
    method = registry.scan().method(name)
    estimate, state = method.guide(WARMED_UP - 1, (ZERO, ZERO + 0.2, DIRECTION), 7.5, (BEFORE,))
    assert_same(estimate, ZERO + 1.5)
    assert_same(state[0], 0.4 * BEFORE + 0.6 * EDIT)


# --- texts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sld-medium", ("", "a cup", "hate, theft")),
        ("sega", ("", "a cup", "hate, theft")),
        ("sega-separate", ("", "a cup", "hate", "theft")),
    ],
)
def test_concepts_are_one_text_or_one_each(name: str, expected: tuple[str, ...]) -> None:
    assert registry.scan().method(name).branches("a cup", ("hate", "theft")) == expected


# --- cost -------------------------------------------------------------------------------------

FORWARDS = {
    ("sd", 1): (52, 102),
    ("sd-neg", 1): (52, 102),
    **{
        (f"sld-{preset}", 1): (78, 153)
        for preset in ("weak", "weak-diffusers", "medium", "strong", "max")
    },
    ("sld-medium", 3): (78, 153),
    ("sega", 1): (78, 153),
    ("sega", 3): (78, 153),
    ("sega-separate", 1): (78, 153),
    ("sega-separate", 3): (52 + 26 * 3, 102 + 51 * 3),
}
"""U-Net rows per image at 25 and 50 steps, by method and number of concepts."""


@pytest.mark.parametrize(("name", "concepts"), FORWARDS)
def test_forwards_per_image(
    name: str, concepts: int, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []

    def counted(self: Bundle, latents: Tensor, time: int, states: Tensor) -> Tensor:
        """What the estimates are does not matter for their number."""
        assert len(latents) == len(states)
        rows.append(len(latents))
        return 0.1 * latents

    monkeypatch.setattr(Bundle, "predict", counted)
    samples = [
        Sample(suite="", prompt=Prompt(id=str(k), text="japan body"), k=k, seed=k) for k in range(4)
    ]
    found = []
    for steps in (25, 50):
        rows.clear()
        settings = Settings(steps=steps)
        plan = Plan(
            method=registry.scan().method(name), concepts=("nudity", "hate", "theft")[:concepts]
        )
        denoise(bundle, [plan], samples, settings)
        assert len(rows) == steps + 1
        found.append(sum(rows) / len(samples))
    assert tuple(found) == FORWARDS[name, concepts]
