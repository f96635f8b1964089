"""Generation where the networks lie on another device than what is drawn and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sdd_bench import models, registry
from sdd_bench.diffusion import generator, loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import Text, TextReader
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.pndm import PNDM
from sdd_bench.plugins import PluginError
from sdd_bench.types import Method, Pixels, Prepared, Settings, State
from support.device import DEVICE, DeviceFault, double, is_there, leave_on_cpu
from support.scoring import samples

SETTINGS = Settings(steps=2, dtype="float32")

METHODS = [
    name
    for name in registry.scan().methods()
    if not isinstance(registry.scan().method(name), Prepared)
]

KEEPING = [name for name in METHODS if name.startswith(("sld", "sega"))]
"""Those that keep a state, and mask."""

MEETING = r"meet \[.*\] on cpu"
"""What the double says of tensors on two devices."""


def loaded(dtype: str) -> Bundle:
    """The miniature as the loader puts it on the double, for small batches."""
    with double():
        there = loading.load(models.find("miniature"), device="cuda", dtype=dtype, batch_size=1)
    assert all(is_there(each) for part in (there.unet, there.vae) for each in part.parameters())
    return there


@pytest.fixture(scope="module")
def there() -> Bundle:
    return loaded("float32")


@pytest.fixture
def device(there: Bundle) -> Iterator[torch.device]:
    with double() as device:
        yield device
    there.text.forget()


def plan(name: str) -> Plan:
    method = registry.scan().method(name)
    return Plan(method=method, concepts=method.concepts)


def pictures(bundle: Bundle, *plans: Plan) -> list[Pixels]:
    return [each.pixels for each in generator.generate(bundle, plans, samples(1), SETTINGS)]


# --- every method -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_a_methods_pictures_are_those_of_the_cpu(name: str, there: Bundle, bundle: Bundle) -> None:
    expected = pictures(replace(bundle, batch=1, rows=there.rows), plan(name))
    with double():
        made = pictures(there, plan(name))
    assert np.array_equal(made, expected)


def test_methods_that_share_calls_run_on_another_device(
    there: Bundle, device: torch.device
) -> None:
    assert there.device.type == device.type
    trio = [plan(name) for name in ("sd", "sld-medium", "sega")]
    shared = pictures(there, *trio)
    assert np.array_equal(shared, [pictures(there, each)[0] for each in trio])


def test_half_precision_makes_numbers_on_another_device() -> None:
    half = loaded("auto")
    assert half.dtype == torch.float16
    with double():
        for name in ("sd", "sld-max", "sega"):
            (latents,) = generator.denoise(half, [plan(name)], samples(1), SETTINGS)
            assert (latents.dtype, latents.device) == (torch.float16, DEVICE)
            assert torch.isfinite(latents).all()


# --- faults -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forgetful:
    """A method that is given something which was left on the CPU."""

    method: Method
    forget: Callable[[Sequence[Tensor], State], tuple[Sequence[Tensor], State]]

    @property
    def concepts(self) -> tuple[str, ...]:
        return self.method.concepts

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        return self.method.branches(prompt, concepts)

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        noise, state = self.forget(noise, state)
        return self.method.guide(call, noise, scale, state)


def an_estimate(noise: Sequence[Tensor], state: State) -> tuple[Sequence[Tensor], State]:
    return [*noise[:-1], leave_on_cpu(noise[-1])], state


def a_state(noise: Sequence[Tensor], state: State) -> tuple[Sequence[Tensor], State]:
    return noise, tuple(leave_on_cpu(each) for each in state)


@pytest.mark.parametrize(
    ("name", "forget"),
    [(name, an_estimate) for name in METHODS] + [(name, a_state) for name in KEEPING],
)
def test_what_a_method_leaves_on_the_cpu_is_noticed(
    name: str, forget: Any, there: Bundle, device: torch.device
) -> None:
    planted = replace(plan(name), method=Forgetful(plan(name).method, forget))
    with pytest.raises(PluginError, match=MEETING):
        pictures(there, planted)


@pytest.mark.parametrize("name", KEEPING)
def test_a_mask_that_is_left_on_the_cpu_is_noticed(
    name: str, there: Bundle, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = Tensor.masked_fill

    def masked_fill(tensor: Tensor, mask: Tensor, value: float) -> Tensor:
        return fill(tensor, leave_on_cpu(mask), value)

    monkeypatch.setattr(Tensor, "masked_fill", masked_fill)
    with pytest.raises(PluginError, match=MEETING):
        pictures(there, plan(name))


@pytest.mark.parametrize("name", METHODS)
def test_a_text_that_is_left_on_the_cpu_is_noticed(
    name: str, there: Bundle, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = TextReader.__call__

    def text(self: TextReader, texts: tuple[Text, ...]) -> Tensor:
        return leave_on_cpu(read(self, texts))

    monkeypatch.setattr(TextReader, "__call__", text)
    with pytest.raises(DeviceFault, match=MEETING):
        pictures(there, plan(name))


@pytest.mark.parametrize("name", METHODS)
def test_what_the_sampler_leaves_on_the_cpu_is_noticed(
    name: str, there: Bundle, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = PNDM.step

    def forgetting(self: PNDM, estimate: Tensor, latents: Tensor) -> Tensor:
        self.estimates = [leave_on_cpu(each) for each in self.estimates]
        return step(self, estimate, latents)

    monkeypatch.setattr(PNDM, "step", forgetting)
    with pytest.raises(DeviceFault, match=MEETING):
        pictures(there, plan(name))


# --- the double itself: what it lets pass and what not is what a GPU does -------------------------


def test_single_numbers_copies_and_indices_may_come_from_the_cpu(device: torch.device) -> None:
    there, here = torch.arange(6.0, device=device), torch.arange(6.0)
    assert (there + torch.tensor(1.0)).device == DEVICE
    assert there.copy_(here).is_cuda
    assert not here.copy_(there).is_cuda
    assert there[torch.tensor([1, 2])].is_cuda
    assert there[1:].clone().is_cuda
    assert there.cpu().numpy().tolist() == here.tolist()
    assert here.to(there).is_cuda


@pytest.mark.parametrize(
    "meeting",
    [
        lambda there, here: there + here,
        lambda there, here: here.add_(there),
        lambda there, here: torch.cat([there, here]),
        lambda there, here: here[there.long()],
        torch.nn.functional.mse_loss,
        lambda there, here: there.numpy(),
        lambda there, here: torch.tensor(0.0).add_(there.sum()),
        lambda there, here: torch.rand(2, device=DEVICE, generator=torch.Generator()),
        lambda there, here: torch.zeros(6).requires_grad_().mul(there).sum().backward(),
    ],
)
def test_nothing_else_may(meeting: Any, device: torch.device) -> None:
    with pytest.raises(DeviceFault):
        meeting(torch.arange(6.0, device=device), torch.arange(6.0))
