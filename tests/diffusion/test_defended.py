"""A method as it runs, held against finite differences, formulas by hand, and the generator."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from sdd_bench import registry
from sdd_bench.diffusion import generator
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.diffusion.defended import MethodView
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.errors import InputError
from sdd_bench.types import Method, Pixels, Prompt, Sample, Settings

PROMPT = "France body"
SAMPLE = Sample(suite="s", prompt=Prompt(id="p", text=PROMPT), k=0, seed=5)


def view(bundle: Bundle, method: str | Method, **given: object) -> MethodView:
    chosen = registry.scan().method(method) if isinstance(method, str) else method
    picture = torch.randn(bundle.latent_shape, generator=torch.Generator().manual_seed(1))
    return MethodView(
        bundle,
        Plan(method=chosen, concepts=("nudity",) if chosen.concepts else ()),
        Settings(steps=4),
        "nudity",
        SAMPLE,
        picture,
        given.get("judge", lambda *_: True),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def double(bundle: Bundle) -> Bundle:
    """The model in double precision, for differences that rounding does not hide."""
    unet = copy.deepcopy(bundle.unet).double()
    encoder = copy.deepcopy(bundle.text.encoder).double()
    reader = TextReader(bundle.tokenizer, encoder, project_text_once(unet))
    return replace(bundle, unet=unet, text=reader, dtype=torch.float64)


def losses(model: MethodView, states: Tensor, call: int, scale: float | None) -> Tensor:
    ids = model.ids(PROMPT)
    noise = torch.randn(model.picture.shape, generator=torch.Generator().manual_seed(2))
    latents = model.noised(noise, call)
    return (model.estimate(ids, states, latents, call, scale) - noise).square().mean()


def slope(model: MethodView, states: Tensor, call: int, scale: float | None) -> Tensor:
    states = states.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(losses(model, states, call, scale), [states])
    return gradient


@pytest.mark.parametrize("method", ["sd", "sd-neg", "sld-max"])
@pytest.mark.parametrize("scale", [1.0, 7.5])
def test_gradients_are_those_of_finite_differences(
    double: Bundle, method: str, scale: float
) -> None:
    model = view(double, method)
    states = double.text.states(PROMPT)[None]
    along = torch.randn(
        states.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )
    step = 1e-6
    with torch.no_grad():
        there, back = (losses(model, states + by * along, 2, scale) for by in (step, -step))
    by_differences = float(there - back) / (2 * step)
    assert float((slope(model, states, 2, scale) * along).sum()) == pytest.approx(
        by_differences, rel=1e-4
    )


def test_slds_guidance_is_seen_once_its_warm_up_is_over(bundle: Bundle) -> None:
    states = bundle.text.states(PROMPT)[None]
    late = replace(registry.scan().method("sld-max"), warmup=3)  # type: ignore[type-var]
    for call, same in ((2, True), (3, False)):
        plain = slope(view(bundle, "sd"), states, call, 1.0)
        guided = slope(view(bundle, late), states, call, 1.0)
        assert (
            torch.allclose(guided, plain, rtol=1e-3, atol=1e-3 * float(plain.abs().max())) == same
        )
    # The released code's loss: the estimate of the prompt alone, whatever guides.
    bare = slope(view(bundle, "sld-max"), states, 3, None)
    torch.testing.assert_close(
        bare, slope(view(bundle, "sd"), states, 3, 1.0), rtol=1e-3, atol=1e-7
    )


def test_the_estimate_is_the_formula_of_the_negative_prompt(bundle: Bundle) -> None:
    model = view(bundle, "sd-neg")
    latents = model.picture
    ids = model.ids(PROMPT)
    found = model.estimate(ids, bundle.text.states(PROMPT)[None], latents, 1, 7.5)
    time = 751  # of four steps the timesteps are 751, 501, 501, 251, 1
    rows = bundle.text(("nudity", PROMPT))
    negative, prompt = bundle.predict(torch.stack([latents] * 2), 501, rows)
    assert model._times == [time, 501, 501, 251, 1]
    torch.testing.assert_close(found, negative + 7.5 * (prompt - negative), rtol=1e-3, atol=1e-3)


def test_what_a_method_makes_of_texts_counts(bundle: Bundle) -> None:
    """SAFREE changes the prompt's states, and nothing else: undefended on what it makes of them."""
    ids, states = view(bundle, "sd").ids("a nude person"), bundle.text.states("a nude person")[None]
    plain, hooked = view(bundle, "sd"), view(bundle, "safree")
    estimates = [each.estimate(ids, states, each.picture, 0, 7.5) for each in (plain, hooked)]
    assert not torch.allclose(estimates[0], estimates[1], atol=1e-3)


def test_noise_is_as_strong_as_at_the_call_and_levels_are_named_once(bundle: Bundle) -> None:
    model = view(bundle, "sd")
    assert model.levels == (0, 1, 3, 4)
    noise = torch.full_like(model.picture, 2.0)
    alpha = bundle.alphas[251]
    wanted = alpha**0.5 * model.picture + (1 - alpha) ** 0.5 * 2
    torch.testing.assert_close(model.noised(noise, 3), wanted)


def test_the_picture_that_is_judged_is_the_generators(bundle: Bundle) -> None:
    seen: list[tuple[Pixels, str]] = []

    def judge(pixels: Pixels, text: str) -> bool:
        seen.append((pixels, text))
        return False

    model = view(bundle, "sld-max", judge=judge)
    ids = model.ids("a red boat")
    assert not model.shows(ids)
    sample = replace(SAMPLE, prompt=Prompt(id="p", text="a red boat"))
    plan = Plan(method=registry.scan().method("sld-max"), concepts=("nudity",))
    (picture,) = generator.pictures(bundle, [plan], [sample], Settings(steps=4))
    assert (seen[0][0] == picture.pixels).all()
    assert seen[0][1] == "a red boat"


@dataclass(frozen=True)
class Wraps:
    """A method that reads prompts inside of other texts."""

    concepts: tuple[str, ...] = ()

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        return "", f"{prompt}, safe for work"

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        return noise[1], ()


def test_a_prompt_inside_other_texts_is_not_followed(bundle: Bundle) -> None:
    model = view(bundle, Wraps())
    with pytest.raises(InputError, match="Wraps reads the prompt as a part of other texts"):
        model.estimate((), bundle.text.states("")[None], model.picture, 0, 1.0)
