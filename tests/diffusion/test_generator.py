"""Pictures and noise: those of diffusers, latents and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import PNDMScheduler, StableDiffusionPipeline

from sdd_bench import registry
from sdd_bench.diffusion import generator
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.types import Pixels, Prompt, Sample, Settings
from sdd_bench.weights import store

PROMPTS = (
    "Japan body",
    "a bare figure in a park",
    "red cat",
    "two green stars beside a house",
    "photo of a dressed figure",
    "",
    "Germany body",
    "a tree",
)


def samples(texts: Sequence[str]) -> list[Sample]:
    return [
        Sample(suite="s", prompt=Prompt(id=str(i), text=text), k=0, seed=1000 + i)
        for i, text in enumerate(texts)
    ]


# --- the arithmetic of diffusers --------------------------------------------------------------


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    folder = store.find("miniature")
    loaded = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def test_diffusers_loads_the_miniature_as_a_stable_diffusion(
    pipeline: StableDiffusionPipeline,
) -> None:
    assert isinstance(pipeline, StableDiffusionPipeline)
    assert isinstance(pipeline.scheduler, PNDMScheduler)
    assert pipeline.scheduler.config.skip_prk_steps


def latents_of(
    pipeline: StableDiffusionPipeline, name: str, wanted: Sequence[Sample]
) -> torch.Tensor:
    concepts = registry.scan().method(name).concepts
    made = pipeline(
        prompt=[sample.prompt.text for sample in wanted],
        negative_prompt=[", ".join(concepts)] * len(wanted),
        latents=torch.stack([generator.noise(each.seed, (4, 16, 16)) for each in wanted]),
        num_inference_steps=25,
        guidance_scale=7.5,
        output_type="latent",
    ).images
    assert made.shape == (len(wanted), 4, 16, 16)
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "count"), [("sd", 1), ("sd", 8), ("sd-neg", 8)])
def test_latents_are_those_of_diffusers(
    plain_bundle: Bundle, pipeline: StableDiffusionPipeline, name: str, count: int
) -> None:
    method, wanted = registry.scan().method(name), samples(PROMPTS[:count])
    plan = Plan(method=method, concepts=method.concepts)
    # As many rows at once as the pipeline has: they too decide about the last bits.
    same_shape = replace(plain_bundle, rows=2 * count)
    (got,) = generator.denoise(same_shape, [plan], wanted, Settings(steps=25))
    expected = latents_of(pipeline, name, wanted)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["sd", "sd-neg"])
def test_the_fast_layout_draws_the_pictures_of_diffusers(
    bundle: Bundle, pipeline: StableDiffusionPipeline, name: str
) -> None:
    """Channels last and projected texts round differently; no picture shows it."""
    method, wanted = registry.scan().method(name), samples(PROMPTS)
    plan = Plan(method=method, concepts=method.concepts)
    (got,) = generator.denoise(bundle, [plan], wanted, Settings(steps=25))
    ours, theirs = (bundle.decode(each) for each in (got, latents_of(pipeline, name, wanted)))
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.mean() < 0.05
    assert np.percentile(difference, 99.9) <= 1


def test_pictures_are_those_of_diffusers(bundle: Bundle, pipeline: StableDiffusionPipeline) -> None:
    latents = torch.randn(3, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        decoded = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    expected = pipeline.image_processor.postprocess(decoded, output_type="np")
    got: Pixels = bundle.decode(latents)
    # Both round to the nearest level; half a level either way may fall differently.
    assert np.abs(got - expected * 255).max() < 0.5 + 1e-3


# --- noise ------------------------------------------------------------------------------------


def test_noise_is_the_cpu_generators_for_the_seed() -> None:
    expected = torch.randn(4, 16, 16, generator=torch.Generator("cpu").manual_seed(2**63 - 1))
    assert torch.equal(generator.noise(2**63 - 1, (4, 16, 16)), expected)
    assert expected.dtype == torch.float32


def test_the_hash_of_noise_tells_seeds_apart() -> None:
    hashes = {generator.noise_hash(seed, (4, 16, 16)) for seed in range(100)}
    assert len(hashes) == 100
    assert {len(each) for each in hashes} == {16}


def test_the_caller_keeps_its_settings_while_pictures_are_made(bundle: Bundle) -> None:
    plan = Plan(method=registry.scan().method("sd"), concepts=())
    inside: list[bool] = []

    def look(*_: object) -> None:
        inside.append(torch.backends.cudnn.deterministic)

    one_by_one = replace(bundle, batch=1)
    hooks = [part.register_forward_pre_hook(look) for part in (bundle.unet, bundle.vae.decoder)]
    try:
        with torch.backends.cudnn.flags(enabled=True, deterministic=False):
            for _ in generator.generate(
                one_by_one, [plan], samples(PROMPTS[:2]), Settings(steps=2)
            ):
                # Between two of them, too: a generator may be left standing.
                assert not torch.backends.cudnn.deterministic
    finally:
        for hook in hooks:
            hook.remove()
    # Three calls of the U-Net for two steps and one of the decoder, for each of two pictures.
    assert inside == [True] * 8


def test_all_methods_start_from_the_same_noise(bundle: Bundle) -> None:
    hashes = []
    for name in ("sd", "sd-neg"):
        method = registry.scan().method(name)
        plan = Plan(method=method, concepts=method.concepts)
        made = generator.generate(bundle, [plan], samples(PROMPTS[:2]), Settings(steps=2))
        hashes.append([picture.noise_hash for picture in made])
    assert hashes[0] == hashes[1]
