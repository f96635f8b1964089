"""What methods may give, and what they may depend on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from sdd_bench import registry
from sdd_bench.diffusion import border, generator
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.plugins import PluginError
from sdd_bench.progress import watch
from sdd_bench.types import Method, Prompt, Sample, Settings, State

TRIAL = border.Trial(
    prompts=("japan body", "a red cup", "nudity"),
    batch=32,
    shape=(4, 16, 16),
    calls=17,
    scale=7.5,
    device=torch.device("cpu"),
    dtype=torch.float32,
)

SAMPLES = [
    Sample(suite="", prompt=Prompt(id=f"p{k}", text=text), k=0, seed=k)
    for k, text in enumerate(TRIAL.prompts)
]


def plain(call: int, noise: Sequence[Tensor], scale: float, state: State) -> tuple[Tensor, State]:
    empty, prompt = noise
    return empty + scale * (prompt - empty), state


@dataclass(frozen=True)
class Plain:
    """Classifier-free guidance by other functions."""

    guides: Callable[..., object] = plain
    texts: Callable[[str], object] = lambda prompt: ("", prompt)
    concepts: tuple[str, ...] = ()

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        return self.texts(prompt)  # type: ignore[return-value]

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        return self.guides(call, noise, scale, state)  # type: ignore[return-value]


def refusal(method: Method) -> str:
    """Why a method makes no pictures."""
    with pytest.raises(PluginError) as caught:
        border.try_out(method, (), TRIAL)
    return str(caught.value).removeprefix("test_border.py:Plain")


@pytest.mark.parametrize("name", registry.scan().methods())
def test_the_built_in_methods_keep_to_it(name: str) -> None:
    method = registry.scan().method(name)
    border.try_out(method, method.concepts, TRIAL)


def test_a_method_of_others_that_keeps_to_it_is_taken() -> None:
    border.try_out(Plain(), (), TRIAL)
    border.try_out(Plain(), (), replace(TRIAL, prompts=("alone",)))


# --- what they give ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "None: an estimate (32, 4, 16, 16) and a state are expected"),
        (
            torch.zeros(32, 4, 16, 16),
            "float32 (32, 4, 16, 16) on cpu: an estimate (32, 4, 16, 16) and a state are expected",
        ),
        ((torch.tensor(0.1), ()), "float32 () on cpu: float32 (32, 4, 16, 16) on cpu is expected"),
        (
            (torch.zeros(1, 4, 16, 16), ()),
            "float32 (1, 4, 16, 16) on cpu: float32 (32, 4, 16, 16) on cpu is expected",
        ),
        (
            (torch.zeros(32, 4, 16, 16, dtype=torch.float64), ()),
            "float64 (32, 4, 16, 16) on cpu: float32 (32, 4, 16, 16) on cpu is expected",
        ),
        ((torch.zeros(32, 4, 16, 16), 3), "a int as state: a tuple of tensors is expected"),
        (
            (torch.full((32, 4, 16, 16), torch.nan), ()),
            "NaN or infinity at U-Net call 0, for numbers",
        ),
    ],
)
def test_an_estimate_of_another_form_is_refused(answer: object, said: str) -> None:
    assert refusal(Plain(lambda *_: answer)) == f".guide gave {said}"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (lambda _: "a text", "gave a str: a tuple of texts is expected"),
        (lambda _: (1, 2), "gave a tuple of 2 (a int, a int): a tuple of texts is expected"),
        (lambda _: (), "gave a tuple of 0 (): a tuple of texts is expected"),
        (
            lambda prompt: ("",) * len(prompt.split()),
            "gave 2 texts for 'japan body' and 3 for 'a red cup': all prompts have as many",
        ),
    ],
)
def test_branches_of_another_form_are_refused(texts: Callable[[str], object], said: str) -> None:
    assert refusal(Plain(texts=texts)) == f".branches {said}"


def leave(*_: object) -> None:
    sys.exit(0)


def test_what_a_method_raises_is_told_with_its_name() -> None:
    assert refusal(Plain(lambda *_: 1 / 0)) == (
        ".guide raised ZeroDivisionError: division by zero at U-Net call 0"
    )
    assert refusal(Plain(leave)) == ".guide called sys.exit at U-Net call 0"
    assert refusal(Plain(texts=leave)) == ".branches called sys.exit for 'japan body'"


def test_a_method_that_hangs_is_named() -> None:
    def hang(*_: object) -> None:
        time.sleep(60)

    with (
        watch.limit(0.2),
        pytest.raises(watch.OverdueError, match=r"Plain\.guide at U-Net call 0 did not come back"),
    ):
        border.try_out(Plain(hang), (), TRIAL)


# --- what they depend on ----------------------------------------------------------------------


def mean_of_all(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
    estimate, after = plain(call, noise, scale, state)
    return estimate - 0.01 * estimate.mean(0, keepdim=True), after


def random(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
    estimate, after = plain(call, noise, scale, state)
    return estimate + 1e-4 * torch.randn_like(estimate), after


def late_mean(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
    return (mean_of_all if call > 10 else plain)(call, noise, scale, state)


def test_a_method_whose_images_depend_on_their_batch_is_refused() -> None:
    said = ".guide makes an image's estimate depend on the others of its batch"
    assert refusal(Plain(mean_of_all)) == said
    assert refusal(Plain(late_mean)) == said


def test_a_method_that_draws_at_random_is_refused() -> None:
    assert refusal(Plain(random)) == ".guide gives another estimate when it is asked again"
    draws = iter(range(10**6))
    told = refusal(Plain(texts=lambda prompt: ("", f"{prompt} {next(draws)}")))
    assert told == ".branches gives other texts when it is asked again"


def test_a_method_that_remembers_between_batches_is_refused() -> None:
    seen: list[Tensor] = []

    def remembering(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
        estimate, after = plain(call, noise, scale, state)
        seen.append(estimate)
        return estimate + 0.1 * seen[-2] if len(seen) > 2 else estimate, after

    told = refusal(Plain(remembering))
    assert "guide" in told


@dataclass(frozen=True)
class Warm(Plain):
    warmup: int = 3
    remembers: bool = False


def test_a_warm_up_that_is_no_plain_guidance_is_refused() -> None:
    border.try_out(Warm(), (), TRIAL)
    told = refusal(Warm(lambda call, noise, scale, state: (noise[1], state)))
    assert told.endswith("says that its first 3 calls are plain guidance, and call 0 is not")


def test_a_warm_up_that_is_remembered_in_secret_is_refused() -> None:
    def counting(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
        estimate, _ = plain(call, noise, scale, state)
        count = state[0] + 1 if state else torch.zeros(())
        return estimate + (0.01 * count if call >= 3 else 0), (count,)

    told = refusal(Warm(counting))
    assert told.endswith(
        "says that it remembers nothing of its first 3 calls, and call 3 depends on them"
    )
    border.try_out(Warm(counting, remembers=True), (), TRIAL)


# --- what they are given ----------------------------------------------------------------------


def test_a_method_that_writes_on_its_input_changes_no_other(bundle: Bundle) -> None:
    def writing(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
        empty, prompt = noise
        estimate = prompt.sub_(empty).mul_(scale).add_(empty)
        return estimate, (estimate,)

    plans = [Plan(method=each, concepts=()) for each in (Plain(writing), Plain())]
    settings = Settings(steps=3)
    together = generator.denoise(bundle, plans, SAMPLES, settings)
    (alone,) = generator.denoise(bundle, plans[1:], SAMPLES, settings)
    assert torch.equal(together[1], alone)
    # The sampler goes on from earlier estimates: they are not the method's to change.
    torch.testing.assert_close(together[0], alone, rtol=1e-4, atol=1e-4)


def test_a_method_that_fails_on_the_way_is_told_with_its_images(bundle: Bundle) -> None:
    def breaking(call: int, noise: Sequence[Tensor], scale: float, state: State) -> object:
        if len(noise[0]) == len(SAMPLES) and call == 2:
            raise RuntimeError("broken")
        return plain(call, noise, scale, state)

    plan = Plan(method=Plain(breaking), concepts=())
    with pytest.raises(PluginError) as caught:
        list(generator.generate(bundle, [plan], SAMPLES, Settings(steps=3)))
    assert str(caught.value) == (
        "test_border.py:Plain.guide raised RuntimeError: broken at U-Net call 2; images before "
        "p0_0000 to p2_0000 are kept"
    )
