"""Methods that are run together walk their common stretch once."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from diffusers import PNDMScheduler
from torch import Tensor

from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.generator import denoise, noise
from sdd_bench.types import Prompt, Sample, Settings, State
from sdd_bench.weights import store as weights

TRIO = ("sd", "sld-medium", "sega")

SAMPLES = [
    Sample(suite="", prompt=Prompt(id=str(k), text=text), k=0, seed=k)
    for k, text in enumerate(("japan body", "a red cup in the room", "nudity"))
]


def plans(names: tuple[str, ...]) -> list[Plan]:
    methods = [registry.scan().method(name) for name in names]
    return [Plan(method=method, concepts=method.concepts) for method in methods]


@pytest.mark.parametrize(
    "names",
    [
        TRIO,
        (*TRIO, "sd-neg", "sld-max"),
        ("sld-weak", "sld-strong"),
        ("sega", "sld-medium"),
        ("sd", "safree", "sld-medium", "adavd-joint", "adavd"),
    ],
)
def test_together_gives_the_latents_of_apart_to_the_bit(
    names: tuple[str, ...], bundle: Bundle
) -> None:
    settings = Settings(steps=16)  # 17 calls: past every warm-up
    together = denoise(bundle, plans(names), SAMPLES, settings)
    for name, latents in zip(names, together, strict=True):
        (alone,) = denoise(bundle, plans((name,)), SAMPLES, settings)
        assert torch.equal(latents, alone), name


def estimated(latents: Tensor, time: int, states: Tensor) -> Tensor:
    """A stand-in for the U-Net that reads the text, row by row, and takes no time."""
    text = torch.sin(100 * states.mean(dim=(1, 2)))[:, None, None, None]
    return 0.7 * latents + 0.2 * torch.sin(3 * latents.roll(1, -1) * text + time / 100)


def loop(bundle: Bundle, plan: Plan, settings: Settings) -> Tensor:
    """One method by itself with the scheduler of diffusers: no columns, no sharing, no parting."""
    scheduler = PNDMScheduler.from_pretrained(weights.find("miniature") / "scheduler")
    scheduler.set_timesteps(settings.steps)
    latents = torch.stack([noise(sample.seed, bundle.latent_shape) for sample in SAMPLES])
    texts = [plan.method.branches(sample.prompt.text, plan.concepts) for sample in SAMPLES]
    state: State = ()
    for call, time in enumerate(scheduler.timesteps.tolist()):
        branches = [
            estimated(latents, time, bundle.text(column)) for column in zip(*texts, strict=True)
        ]
        estimate, state = plan.method.guide(call, branches, settings.guidance_scale, state)
        latents = scheduler.step(estimate, time, latents).prev_sample
    return latents


@pytest.mark.parametrize(
    "names",
    [
        ("sd", "sld-medium", "sd-neg", "sega-separate", "sld-max", "sld-weak"),
        ("sega", "sld-medium"),
        ("sld-strong",),
    ],
)
def test_every_method_ends_where_a_loop_of_its_own_ends(
    names: tuple[str, ...], bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bundle, "predict", lambda self, *given: estimated(*given))
    settings = Settings(steps=16, guidance_scale=5.0)
    each = [replace(plan, concepts=("nudity", "hate")) for plan in plans(names)]
    expected = [loop(bundle, plan, settings) for plan in each]
    for name, latents, right in zip(
        names, denoise(bundle, each, SAMPLES, settings), expected, strict=True
    ):
        torch.testing.assert_close(latents, right, rtol=0, atol=1e-4, msg=name)
    for one, other in itertools.combinations(expected, 2):
        assert (one - other).abs().max() > 0.01


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_latents_are_as_precise_as_the_model(
    dtype: torch.dtype, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bundle, "predict", lambda self, *given: 0.1 * given[0])
    (latents,) = denoise(replace(bundle, dtype=dtype), plans(("sd",)), SAMPLES, Settings(steps=3))
    assert latents.dtype == dtype


def test_methods_still_differ_from_one_another(bundle: Bundle) -> None:
    latents = denoise(bundle, plans(TRIO), SAMPLES, Settings(steps=16))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert not torch.equal(latents[i], latents[j])


@pytest.mark.parametrize(
    ("names", "concepts", "expected"),
    [
        # The paper's rows: one text for both, so that one concept branch serves SLD and SEGA:
        # 10 calls x 3 branches, then 16 calls x (2 + 3 + 3).
        (TRIO, ("nudity, sexual", "nudity, sexual"), 158),
        # Two texts: 10 calls x 4 branches, as in the released pipelines' arithmetic.
        (TRIO, ("nudity, sexual", "nudity"), 168),
        # Without momentum the concept need not be looked at: 15 x 2, then 11 x (2 + 3).
        (("sd", "sld-weak"), ("nudity", "nudity"), 85),
        # Nobody is left to walk on after the warm-up: 26 x 2, 10 x 3, then 16 x (3 + 3).
        (("sd-neg", "sega", "sld-medium"), ("nudity", "nudity"), 178),
        # Nothing to share: 26 x (2 + 2) and 26 x (2 + 3).
        (("sd", "sd-neg"), ("nudity", "nudity"), 104),
        (("sd", "sld-max"), ("nudity", "nudity"), 130),
        # What is read instead of a text takes its place: 26 x (2 + 2).
        (("sd", "safree"), ("nudity", "nudity"), 104),
        (("adavd", "adavd-joint"), ("nudity", "nudity"), 104),
    ],
)
def test_unet_rows_per_image(
    names: tuple[str, ...],
    concepts: tuple[str, str],
    expected: int,
    bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[int] = []

    def counted(self: Bundle, latents: Tensor, time: int, states: Tensor) -> Tensor:
        rows.append(len(latents))
        return 0.1 * latents

    monkeypatch.setattr(Bundle, "predict", counted)
    each = [
        Plan(method=registry.scan().method(name), concepts=(concept,))
        for name, concept in zip(names, ("", *concepts), strict=False)
    ]
    denoise(bundle, each, SAMPLES, Settings(steps=25))
    assert sum(rows) / len(SAMPLES) == expected
