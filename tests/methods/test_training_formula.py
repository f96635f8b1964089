"""The trainers against a straight-line computation of their formulas."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

from golden import make_guidance as reference
from sdd_bench import registry
from sdd_bench.suites.seeds import derived_seed
from sdd_bench.training.loop import _Loop
from sdd_bench.training.trainee import Student
from sdd_bench.types import Optimisation, Trained
from support.training import SEVERAL, SINGLE, STEPS, fresh, recipe, spec_of


@pytest.fixture
def double() -> Iterator[None]:
    """Within the test, all numbers are in double precision, the random ones too."""
    reference.small(torch.float64)  # kept for other tests, so its own numbers are drawn as always
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@dataclass
class Straight:
    """methods.md's formulas with whole U-Nets and no code of ours."""

    world: reference.World
    plan: Optimisation
    concepts: tuple[str, ...]
    rounded: bool = True
    """Whether sums are rounded as ours: the two estimates of a guided step are of one call, as in
    the published scripts, and the average is updated in place. Otherwise the same numbers take
    more than single precision to see: a loss is the small difference of two estimates.
    """
    seed: int = 3

    def __post_init__(self) -> None:
        self.student = copy.deepcopy(self.world.bundle.unet).requires_grad_(False)
        self.teacher = copy.deepcopy(self.student)
        self.frozen = copy.deepcopy(self.student)
        self.learning = {
            name: parameter
            for name, parameter in sorted(self.student.named_parameters())
            if "attn2" in name
        }
        for parameter in self.learning.values():
            parameter.requires_grad_(True)
        self.alphas = self.world.scheduler.alphas_cumprod
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[self.plan.optimizer]
        self.optimizer = kind(
            list(self.learning.values()), lr=self.plan.rate, weight_decay=self.plan.weight_decay
        )
        self.losses: list[float] = []
        self.gradients: list[dict[str, Tensor]] = []

    def states(self, text: str) -> Tensor:
        tokenizer = self.world.bundle.tokenizer
        ids = tokenizer(
            text, padding="max_length", max_length=24, truncation=True, return_tensors="pt"
        ).input_ids
        with torch.no_grad():
            found: Tensor = self.world.text_encoder(ids).last_hidden_state
        return found

    def noise(self, unet: nn.Module, z: Tensor, t: int, text: str) -> Tensor:
        estimate: Tensor = unet(z, t, encoder_hidden_states=self.states(text)).sample
        return estimate

    def pair(self, unet: nn.Module, z: Tensor, t: int, text: str) -> tuple[Tensor, Tensor]:
        """The estimates without text and with it."""
        if not self.rounded:
            return self.noise(unet, z, t, ""), self.noise(unet, z, t, text)
        states = torch.cat([self.states(""), self.states(text)])
        e0, ec = unet(torch.cat([z, z]), t, encoder_hidden_states=states).sample.chunk(2)
        return e0, ec

    @torch.no_grad()
    def ddim(self, unet: nn.Module, z: Tensor, text: str, times: Sequence[int]) -> Tensor:
        for t in times:
            e0, ec = self.pair(unet, z, t, text)
            e = e0 + 3.0 * (ec - e0)
            a, before = self.alphas[t], t - 1000 // STEPS
            a_before = self.alphas[before] if before >= 0 else self.alphas[0]
            clean = (z - (1 - a).sqrt() * e) / a.sqrt()
            z = a_before.sqrt() * clean + (1 - a_before).sqrt() * e
        return z

    def rate(self, update: int) -> float:
        if self.plan.schedule == "constant":
            return self.plan.rate
        if update < self.plan.warmup:
            return self.plan.rate * update / self.plan.warmup
        done = (update - self.plan.warmup) / (self.plan.iterations - self.plan.warmup)
        return self.plan.rate * 0.5 * (1 + math.cos(math.pi * done))

    def update(self, loss: Tensor, update: int) -> None:
        self.optimizer.param_groups[0]["lr"] = self.rate(update)
        self.optimizer.zero_grad()
        loss.backward()
        self.losses.append(loss.item())
        self.gradients.append(
            {name: p.grad.clone() for name, p in self.learning.items() if p.grad is not None}
        )
        if self.plan.clip is not None:
            nn.utils.clip_grad_norm_(list(self.learning.values()), self.plan.clip)
        self.optimizer.step()
        if self.plan.ema is not None:
            averaged = dict(self.teacher.named_parameters())
            for name, parameter in self.learning.items():
                average = averaged[name].data
                if self.rounded:
                    average.mul_(self.plan.ema).add_(parameter.data, alpha=1 - self.plan.ema)
                else:
                    average.copy_(self.plan.ema * average + (1 - self.plan.ema) * parameter.data)

    def draws(self, iteration: int, name: str, choose: bool) -> tuple[Generator, str, Tensor]:
        generator = Generator().manual_seed(derived_seed(self.seed, "training", name, iteration))
        concept = ", ".join(self.concepts)
        if choose:
            concept = self.concepts[int(torch.randint(len(self.concepts), (), generator=generator))]
        return generator, concept, torch.randn(1, 4, 8, 8, generator=generator)

    def level(self, generator: Generator) -> tuple[int, int]:
        """The bin of t, counted from the clean end, and t."""
        place = int(torch.randint(STEPS, (1, 1), generator=generator))
        width = 1000 // STEPS
        return place, place * width + int(torch.randint(width, (1, 1), generator=generator))

    def times(self) -> list[int]:
        return [1 + 1000 // STEPS * index for index in range(STEPS)][::-1]


def straight_sdd(run: Straight, *, released: bool = False, anchored: bool = False) -> None:
    for i in range(run.plan.iterations):
        generator, concept, z = run.draws(i, "sdd", choose=not released)
        place, t = run.level(generator)
        done = STEPS - 1 - place
        steps = STEPS if released and done == 0 else done
        z = run.ddim(run.teacher, z, concept, run.times()[:steps])
        joined = ", ".join(run.concepts)
        removed = run.concepts[i % len(run.concepts)] if released else joined
        with torch.no_grad():
            e0 = run.noise(run.frozen if anchored else run.student, z, t, "")
        es = run.noise(run.student, z, t, removed)
        run.update(((e0 - es) ** 2).mean(), i)


def straight_esd(run: Straight, eta: float, *, original: bool, name: str = "esd-x-3") -> None:
    for i in range(run.plan.iterations):
        generator, concept, z = run.draws(i, name, choose=True)
        place, t = run.level(generator)
        if original:  # the sampler lacks its noisiest step and starts from pure noise all the same
            steps = STEPS - place if place else STEPS - 1
            z = run.ddim(run.student, z, concept, run.times()[1:][:steps])
        else:
            z = run.ddim(run.student, z, concept, run.times()[: STEPS - 1 - place])
        with torch.no_grad():
            e0, ec = run.noise(run.frozen, z, t, ""), run.noise(run.frozen, z, t, concept)
        es = run.noise(run.student, z, t, concept)
        run.update(((es - (e0 - eta * (ec - e0))) ** 2).mean(), i)


def straight_esd_sd(run: Straight, start: str | None) -> None:
    """esd_sd.py's loop: negative guidance 2, the frozen model's latents, t their noise level."""
    for i in range(run.plan.iterations):
        generator, concept, z = run.draws(i, "esd-sd-x", choose=True)
        place, _ = run.level(generator)
        source = start or concept
        z = run.ddim(run.frozen, z, source, run.times()[: STEPS - 1 - place])
        t = run.times()[STEPS - 1 - place]
        with torch.no_grad():
            e0, ec, ef = (run.noise(run.frozen, z, t, text) for text in ("", concept, source))
        es = run.noise(run.student, z, t, source)
        run.update(((es - (ef - 2.0 * (ec - e0))) ** 2).mean(), i)


def follow(method: Trained, concepts: tuple[str, ...], name: str, folder: Path) -> Any:
    """Ours, iteration by iteration: the loop, with its losses and gradients."""
    bundle, _ = fresh()
    plan = method.optimisation
    student = Student(bundle, concepts, plan.trainable, ema=plan.ema is not None)
    loop = _Loop(student, plan, bundle, folder, spec_of(concepts, name))
    gradients: list[dict[str, Tensor]] = []
    update = loop._update

    def watched(rate: float) -> float:
        gradients.append({k: p.grad.clone() for k, p in student.parameters.items()})  # type: ignore[union-attr]
        return update(rate)

    loop._update = watched  # type: ignore[method-assign]
    while loop.done < plan.iterations:
        loop.iterate(method)
    return loop, gradients


CASES: dict[str, tuple[str, str, tuple[str, ...], Callable[[Straight], None]]] = {
    "sdd-paper": ("sdd", "paper", SINGLE, straight_sdd),
    "sdd-paper-several": ("sdd", "paper", SEVERAL, straight_sdd),
    "sdd-released": ("sdd", "released", SINGLE, lambda run: straight_sdd(run, released=True)),
    "sdd-released-several": (
        "sdd", "released", SEVERAL, lambda run: straight_sdd(run, released=True),
    ),
    "esd-paper": ("esd-x-3", "paper", SINGLE, lambda run: straight_esd(run, 3.0, original=False)),
    "esd-paper-several": (
        "esd-x-3", "paper", SEVERAL, lambda run: straight_esd(run, 3.0, original=False),
    ),
    "esd-original": (
        "esd-x-3", "original", SINGLE, lambda run: straight_esd(run, 3.0, original=True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_twenty_iterations_are_those_of_the_formulas(case: str, tmp_path: Path) -> None:
    """Losses, gradients and tensors within 1e-6 in single precision."""
    name, of, concepts, straight = CASES[case]
    for got, wanted in both(recipe(name, of), concepts, name, straight, tmp_path):
        assert float((got - wanted).norm() / wanted.norm()) < 1e-6


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("case", CASES)
def test_in_double_precision_they_are_so_number_by_number(case: str, tmp_path: Path) -> None:
    """One text at a time."""
    name, of, concepts, straight = CASES[case]
    for got, wanted in both(recipe(name, of), concepts, name, straight, tmp_path, rounded=False):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12 * float(wanted.abs().max()))


@pytest.mark.parametrize("start", ["", "country"])
@pytest.mark.usefixtures("double")
def test_todays_esd_erases_from_a_text(start: str, tmp_path: Path) -> None:
    method: Any = replace(recipe("esd-sd-x", "released"), erase_from=start)  # type: ignore[type-var]
    straight = partial(straight_esd_sd, start=start)
    for got, wanted in both(method, SEVERAL, "esd-sd-x", straight, tmp_path, rounded=False):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12 * float(wanted.abs().max()))


def test_todays_esd_is_that_of_2023_with_a_guidance_less_by_one(tmp_path: Path) -> None:
    """Without a text to erase from, and with the student's latents."""
    method: Any = replace(  # type: ignore[type-var]
        recipe("esd-sd-x", "paper"), negative_guidance=4.0
    )
    assert (method.sampler, method.optimisation.rate) == ("student", 1e-5)

    def straight(run: Straight) -> None:
        straight_esd(run, 3.0, original=False, name="esd-sd-x")

    for got, wanted in both(method, SINGLE, "esd-sd-x", straight, tmp_path):
        assert float((got - wanted).norm() / wanted.norm()) < 1e-5


def test_an_anchored_sdd_has_the_frozen_models_target(tmp_path: Path) -> None:
    method: Any = replace(recipe("sdd", "paper"), anchored=True)  # type: ignore[type-var]
    straight = partial(straight_sdd, anchored=True)
    for got, wanted in both(method, SINGLE, "sdd", straight, tmp_path):
        assert float((got - wanted).norm() / wanted.norm()) < 1e-6


def both(
    method: Trained,
    concepts: tuple[str, ...],
    name: str,
    straight: Callable[[Straight], None],
    folder: Path,
    *,
    rounded: bool = True,
) -> Iterator[tuple[Tensor, Tensor]]:
    """All losses, gradients, trained and averaged tensors, by ours and by the straight line."""
    world = reference.small(torch.get_default_dtype())
    expected = Straight(world, method.optimisation, concepts, rounded)
    straight(expected)
    loop, gradients = follow(method, concepts, name, folder)
    for row, loss in zip(loop.rows, expected.losses, strict=True):
        yield torch.tensor(row["loss"]), torch.tensor(loss)
    for got, wanted in zip(gradients, expected.gradients, strict=True):
        assert got.keys() == wanted.keys()
        flat = [torch.cat([each[k].flatten() for k in wanted]) for each in (got, wanted)]
        yield flat[0], flat[1]
    averaged = dict(expected.teacher.named_parameters())
    for key, parameter in expected.learning.items():
        yield loop.student.parameters[key].data, parameter.data
        if method.optimisation.ema is not None:
            yield loop.student.average[key], averaged[key].data


def test_a_lean_recipe_samples_once_for_several_iterations(tmp_path: Path) -> None:
    """8 iterations on one trajectory: at most 50 steps of two rows, and two rows each."""
    loop, _ = follow(recipe("sdd", "lean", iterations=16), SINGLE, "sdd", tmp_path)
    rows = [row["unet_rows"] for row in loop.rows]
    per_iteration = [after - before for before, after in zip([0, *rows], rows, strict=False)]
    assert [count for i, count in enumerate(per_iteration) if i % 8] == [2] * 14
    assert all(2 <= count <= 2 + 2 * (STEPS - 1) for count in per_iteration[::8])
    recipes: Any = registry.scan().method("sdd").recipes  # type: ignore[attr-defined]
    generator = Generator().manual_seed(0)
    bins = torch.randint(50, (8, 4000), generator=generator)
    whole = 2 * recipes["paper"].latents._stops(bins).float().mean() + 2
    shared = 2 * recipes["lean"].latents._stops(bins).amax(0).float().mean() / 8 + 2
    assert float(shared / whole) < 0.45
