"""Training where the network lies on another device than what is drawn and read, and in half
precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import Tensor

from sdd_bench import models, registry
from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.plugins import PluginError
from sdd_bench.training import loop
from sdd_bench.training.trainee import Student
from sdd_bench.types import Dtype, Trained
from support.device import double, leave_on_cpu
from support.training import recipe, spec_of

RECIPES = [
    (name, of)
    for name in ("sdd", "esd-x-3", "esd-u-3")  # of ESD's other scale only a number differs
    for of in registry.scan().method(name).recipes  # type: ignore[attr-defined]
]
every_recipe = pytest.mark.parametrize(("name", "of"), RECIPES)

MEETING = r"meet \[.*\] on cpu"
"""What the double says of tensors on two devices."""


@pytest.fixture(scope="module")
def there() -> Bundle:
    """The miniature as the loader puts it on the double."""
    return loaded("float32")


def loaded(dtype: str) -> Bundle:
    with double():
        return loading.load(models.find("miniature"), device="cuda", dtype=dtype)


@pytest.fixture
def device() -> Iterator[torch.device]:
    with double() as device:
        yield device


def short(name: str, of: str, batch: int = 1, **changes: Any) -> Trained:
    """A recipe with few iterations of few steps."""
    method: Any = recipe(name, of, **{"iterations": 2, **changes})
    found: Trained = replace(
        method,
        optimisation=replace(method.optimisation, warmup=0),
        latents=replace(method.latents, steps=2, batch=batch),
    )
    return found


def losses(bundle: Bundle, method: Trained, folder: Path) -> list[float]:
    path = loop.train(bundle, method, spec_of(("nudity",)), folder)
    bundle.text.forget()
    return list(pd.read_parquet(path.with_name(loop.LOG))["loss"])


# --- every recipe -------------------------------------------------------------------------------


@every_recipe
def test_a_recipe_trains_on_another_device_as_on_the_cpu(
    name: str, of: str, there: Bundle, bundle: Bundle, tmp_path: Path
) -> None:
    expected = losses(bundle, short(name, of), tmp_path / "cpu")
    with double():
        assert losses(there, short(name, of), tmp_path) == pytest.approx(expected, rel=1e-4)


def test_half_precision_trains_on_another_device(device: torch.device, tmp_path: Path) -> None:
    found = losses(loaded("float16"), short("sdd", "miniature"), tmp_path)
    assert all(0 < loss < 1 for loss in found)


@pytest.mark.parametrize(
    ("name", "dtype"), [("sdd", "float16"), ("sdd", "bfloat16"), ("esd-x-3", "bfloat16")]
)
def test_losses_of_half_precision_are_near_those_of_single(
    name: str, dtype: Dtype, bundle: Bundle, tmp_path: Path
) -> None:
    half = loading.load(models.find("miniature"), device="cpu", dtype=dtype)
    # At a low rate: at the recipe's own, trainings part as soon as any bit differs.
    method = short(name, "miniature", batch=4, iterations=8, rate=1e-4)
    expected = losses(bundle, method, tmp_path / "single")
    found = losses(half, method, tmp_path)
    assert found != expected
    # Of bfloat16's eight bits the rounding of two estimates alone adds 2 (2^-8)^2 / 2 = 2e-5 to a
    # squared error, which is 3e-4 here; float16 has eleven.
    assert sum(found) == pytest.approx(sum(expected), rel=0.1 if dtype == "bfloat16" else 0.05)


# --- faults -------------------------------------------------------------------------------------


def a_schedule(student: Student, patch: pytest.MonkeyPatch) -> None:
    student.alphas = leave_on_cpu(student.alphas)


def a_text(student: Student, patch: pytest.MonkeyPatch) -> None:
    text = student._bundle.text
    states = text.states
    patch.setattr(text, "states", lambda each: leave_on_cpu(states(each)))


def times(student: Student, patch: pytest.MonkeyPatch) -> None:
    predict = student.predict

    def forgetting(latents: Tensor, times: Tensor, texts: Sequence[str]) -> Tensor:
        return predict(latents, leave_on_cpu(times), texts)

    patch.setattr(student, "predict", forgetting)


def the_other_weights(student: Student, patch: pytest.MonkeyPatch) -> None:
    student._base = {name: leave_on_cpu(each) for name, each in student._base.items()}
    student.average = {name: leave_on_cpu(each) for name, each in student.average.items()}


@pytest.mark.parametrize("forget", [a_schedule, a_text, times, the_other_weights])
@every_recipe
def test_what_is_left_on_the_cpu_is_noticed(
    name: str,
    of: str,
    forget: Callable[[Student, pytest.MonkeyPatch], None],
    there: Bundle,
    device: torch.device,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare = Student.__init__
    base: dict[str, Tensor] = {}

    def forgetting(self: Student, *arguments: Any, **named: Any) -> None:
        prepare(self, *arguments, **named)
        base.update(self._base)
        forget(self, monkeypatch)

    monkeypatch.setattr(Student, "__init__", forgetting)
    with pytest.raises(PluginError, match=MEETING):
        losses(there, short(name, of), tmp_path)
    for parameter, tensor in base.items():
        there.unet.get_parameter(parameter).data = tensor
    there.text.forget()
