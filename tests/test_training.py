"""The trainers against a straight-line computation of their formulas, and what a kill leaves."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import Generator, Tensor, nn

from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.runs.identity import TrainSpec
from sdd_bench.suites.seeds import derived_seed
from sdd_bench.training import frozen_conv
from sdd_bench.training.loop import CHECKPOINT, LOG, _Loop, _schedule, iteration, steps, train
from sdd_bench.training.trainee import FILTERS, Student, trainable
from sdd_bench.types import Optimisation, Trained

if TYPE_CHECKING:
    from tests.golden import make_guidance as reference
else:  # tests are no package; pytest finds the folder
    import make_guidance as reference

STEPS = 5
"""DDIM steps: enough to tell the bins apart, few enough for a test."""

ITERATIONS = 20


@pytest.fixture
def double() -> Iterator[None]:
    """Within the test, all numbers are in double precision, the random ones too."""
    reference.small(torch.float64)  # kept for other tests, so its own numbers are drawn as always
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def fresh() -> tuple[Bundle, reference.World]:
    """The small model as `models.load` sets it up, and the plain one that it came from."""
    world = reference.small(torch.get_default_dtype())
    unet = copy.deepcopy(world.bundle.unet)
    text = TextReader(world.bundle.tokenizer, world.text_encoder, project_text_once(unet))
    return replace(world.bundle, unet=unet, text=text), world


def spec_of(concepts: tuple[str, ...], method: str = "sdd", seed: int = 3) -> TrainSpec:
    return TrainSpec(
        model="small", model_hash="", method=method, parameters={}, concepts=concepts, seed=seed,
        numerics="",
    )  # fmt: skip


def recipe(name: str, of: str, **changes: Any) -> Trained:
    """A recipe with few iterations of few steps."""
    method: Any = registry.method(name).recipes[of]  # type: ignore[attr-defined]
    plan = replace(method.optimisation, **{"iterations": ITERATIONS, **changes})
    if plan.schedule == "cosine":
        plan = replace(plan, warmup=6)
    found: Trained = replace(
        method, optimisation=plan, latents=replace(method.latents, steps=STEPS)
    )
    return found


# --- the formulas, straight -------------------------------------------------------------------


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


def straight_esd(run: Straight, eta: float, *, original: bool) -> None:
    for i in range(run.plan.iterations):
        generator, concept, z = run.draws(i, "esd-x-3", choose=True)
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


SINGLE = ("nudity",)
SEVERAL = ("nudity", "violence", "blood")
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


# --- latents and times ------------------------------------------------------------------------


def test_matched_latents_are_as_noisy_as_their_time() -> None:
    latents: Any = registry.method("sdd").latents  # type: ignore[attr-defined]
    bins = torch.arange(50)
    stops = latents._stops(bins)
    # After k DDIM steps from 981 the latent is at 981 - 20 k (pure noise for k = 0).
    levels = 981 - 20 * stops
    earliest, latest = 20 * bins, 20 * bins + 19
    assert torch.equal(levels - earliest, torch.ones(50, dtype=torch.int64))
    assert int((latest - levels).max()) == 18
    assert float(stops.float().mean()) == 24.5


def test_released_latents_go_all_the_way_where_none_was_meant() -> None:
    released: Any = registry.method("sdd").recipes["released"]  # type: ignore[attr-defined]
    paper: Any = registry.method("sdd").recipes["paper"]  # type: ignore[attr-defined]
    bins = torch.arange(50)
    # methods.md, 6: (50 + sum of 1 .. 49) / 50 = 25.5 steps on average.
    assert float(released.latents._stops(bins).float().mean()) == 25.5
    different = released.latents._stops(bins) != paper.latents._stops(bins)
    assert different.nonzero().flatten().tolist() == [49]


@pytest.mark.parametrize(("place", "level"), [(25, 461), (49, 941), (2, 1), (10, 161)])
def test_original_latents_are_cleaner_than_their_time(place: int, level: int) -> None:
    method: Any = registry.method("esd-x-1").recipes["original"]  # type: ignore[attr-defined]
    stops = method.latents._stops(torch.tensor([place, 0]))
    assert 961 - 20 * int(stops[0]) == level  # 20 k - 39, paired with t from 20 k
    assert int(stops[1]) == 49


def test_recipes_differ_where_the_papers_and_their_code_do() -> None:
    recipes: Any = registry.method("sdd").recipes  # type: ignore[attr-defined]
    paper, released, fast = (recipes[name] for name in ("paper", "released", "fast"))
    assert (paper.reversed, released.reversed) == (False, True)
    assert (paper.latents.whole_way_at_zero, released.latents.whole_way_at_zero) == (False, True)
    assert (paper.optimisation.schedule, released.optimisation.schedule) == ("cosine", "constant")
    # What is left of the original weights in the average: 0.999^1500, 0.998^1000.
    left = [each.optimisation.ema**each.optimisation.iterations for each in (paper, fast)]
    assert left == pytest.approx([0.223, 0.135], abs=5e-4)


def test_the_papers_schedule_has_half_the_learning_of_a_constant_one() -> None:
    plan = registry.method("sdd").recipes["paper"].optimisation  # type: ignore[attr-defined]
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    factor = _schedule(optimizer, plan)
    rates = [plan.rate * factor(update) for update in range(1500)]
    assert (rates[0], rates[500]) == (0.0, pytest.approx(1e-5))
    assert rates[999] == pytest.approx(5e-6, rel=0.01)
    assert sum(rates) / 1500 == pytest.approx(5e-6, rel=0.01)


# --- which tensors learn ----------------------------------------------------------------------

SD14 = {  # methods.md, 2.3
    "xattn": (80, 43_962_560),
    "xattn-kv": (32, 19_169_280),
    "selfattn": (80, 49_574_080),
    "noxattn": (598, 813_495_680),
    "full": (686, 859_520_964),
}


def test_filters_choose_the_tensors_of_stable_diffusion() -> None:
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8, norm_num_groups=32
        )
    assert FILTERS.keys() == SD14.keys()
    for which, expected in SD14.items():
        chosen = trainable(unet, which)
        assert (len(chosen), sum(p.numel() for p in chosen.values())) == expected


def test_an_unknown_filter_is_the_users_fault() -> None:
    with pytest.raises(
        InputError, match=r"no set of trainable tensors named 'xatn'\. Did you mean"
    ):
        trainable(nn.Linear(1, 1), "xatn")
    with pytest.raises(InputError, match="no tensor that 'xattn' would train"):
        trainable(nn.Linear(1, 1), "xattn")


# --- one network in three roles ---------------------------------------------------------------


def test_roles_exchange_tensors_and_copy_nothing() -> None:
    bundle, _ = fresh()
    before = {name: p.data_ptr() for name, p in bundle.unet.named_parameters()}
    student = Student(bundle, SINGLE, "xattn", ema=True)
    learning = {name: p.data_ptr() for name, p in student.parameters.items()}
    assert not set(learning.values()) & set(before.values())
    with student.teacher():
        assert not torch.is_grad_enabled()
        now = {name: p.data_ptr() for name, p in student.parameters.items()}
        assert now == {name: w.data_ptr() for name, w in student.average.items()}
    with student.original():
        now = {name: p.data_ptr() for name, p in student.parameters.items()}
        assert now == {name: before[name] for name in now}
    assert {name: p.data_ptr() for name, p in student.parameters.items()} == learning
    frozen = [p for name, p in bundle.unet.named_parameters() if name not in learning]
    assert frozen
    assert not any(p.requires_grad for p in frozen)
    student.restore()
    assert {name: p.data_ptr() for name, p in bundle.unet.named_parameters()} == before
    assert not any(p.requires_grad for p in bundle.unet.parameters())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_frozen_convolutions_keep_nothing_and_change_no_bit(
    layout: torch.memory_format, checkpointing: bool
) -> None:
    bundle, _ = fresh()
    unet = bundle.unet.to(memory_format=layout)
    learning = trainable(unet, "xattn")
    for parameter in learning.values():
        parameter.requires_grad_(True)
    if checkpointing:
        unet.enable_gradient_checkpointing()
    generator = Generator().manual_seed(0)
    states = torch.randn(2, 24, 16, generator=generator)
    found, kept = [], []
    for drop_saved_inputs in (False, True):
        if drop_saved_inputs:
            frozen_conv.drop_saved_inputs(unet)
        sizes: dict[int, int] = {}

        def pack(tensor: Tensor, sizes: dict[int, int] = sizes) -> Tensor:
            sizes[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        latents = torch.randn(2, 4, 16, 16, generator=generator.manual_seed(1))
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            projected = bundle.text.project(states)
            estimate = unet(latents, 500, encoder_hidden_states=projected).sample
        gradients = torch.autograd.grad(estimate.square().mean(), list(learning.values()))
        found.append((estimate, *gradients))
        kept.append(sum(sizes.values()))
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))
    assert checkpointing or kept[1] < 0.95 * kept[0]
    frozen_conv.restore(unet)
    assert not any("forward" in vars(layer) for layer in unet.modules())


def test_the_average_follows_by_its_decay() -> None:
    bundle, _ = fresh()
    student = Student(bundle, SINGLE, "xattn-kv", ema=True)
    name, parameter = next(iter(student.parameters.items()))
    start = parameter.data.clone()
    parameter.data += 1.0
    student.follow(0.9)
    student.follow(0.9)
    # 1 - 0.9^2
    torch.testing.assert_close(student.average[name], start + 0.19, rtol=0, atol=1e-6)


def test_no_average_means_that_the_student_is_the_teacher() -> None:
    bundle, _ = fresh()
    student = Student(bundle, SINGLE, "xattn", ema=False)
    for name, parameter in student.parameters.items():
        assert student.average[name].data_ptr() == parameter.data_ptr()


# --- kills, states, checkpoints ---------------------------------------------------------------


class KilledError(Exception):
    pass


class Kill:
    """A tracker that stops the training."""

    def __init__(self, at: int) -> None:
        self.at = at

    def log(self, iteration: int, values: object) -> None:
        if iteration == self.at:
            raise KilledError

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("name", "of", "changes", "at"),
    [
        ("sdd", "paper", {}, 7),
        ("sdd", "paper", {"accumulate": 2}, 5),
        ("sdd", "lean", {"reuse": 3}, 7),
        ("esd-x-3", "original", {}, 9),
    ],
)
def test_a_killed_training_goes_on_to_the_same_bytes(
    tmp_path: Path, name: str, of: str, changes: dict[str, int], at: int
) -> None:
    method = recipe(name, of, iterations=10, **changes)
    spec = spec_of(SEVERAL, name)
    whole = train(fresh()[0], method, spec, tmp_path / "whole", save_every=2)
    for kill in (at, at + 1):
        with pytest.raises(KilledError):
            train(fresh()[0], method, spec, tmp_path / "killed", save_every=2, tracker=Kill(kill))
        assert not (tmp_path / "killed" / spec.folder / CHECKPOINT).exists()
    again = train(fresh()[0], method, spec, tmp_path / "killed", save_every=2)
    assert again.read_bytes() == whole.read_bytes()
    log = pd.read_parquet(again.parent / LOG)
    assert log["iteration"].tolist() == list(range(1, 11))
    assert [iteration(step) for step in steps(again.parent)][-1] == 10


def test_a_training_is_done_once(tmp_path: Path) -> None:
    method = recipe("sdd", "paper", iterations=2)
    path = train(fresh()[0], method, spec_of(SINGLE), tmp_path)
    written = path.stat().st_mtime_ns
    assert train(fresh()[0], method, spec_of(SINGLE), tmp_path) == path
    assert path.stat().st_mtime_ns == written
    other = train(fresh()[0], method, spec_of(SINGLE, seed=4), tmp_path)
    assert other != path
    assert load_file(other).keys() == load_file(path).keys()


def test_training_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    bundle, world = fresh()
    train(bundle, recipe("sdd", "paper", iterations=2), spec_of(SINGLE), tmp_path)
    expected = dict(world.bundle.unet.named_parameters())
    for name, parameter in bundle.unet.named_parameters():
        assert torch.equal(parameter, expected[name])


def test_a_checkpoint_holds_the_teacher_and_nothing_else(tmp_path: Path) -> None:
    bundle, _ = fresh()
    path = train(bundle, recipe("sdd", "paper", iterations=4), spec_of(SINGLE), tmp_path)
    held = load_file(path)
    assert held.keys() == trainable(bundle.unet, "xattn").keys()
    last = load_file(steps(path.parent)[-1])
    for name, tensor in held.items():
        assert torch.equal(tensor, last[f"teacher/{name}"])
        assert not torch.equal(tensor, last[f"student/{name}"])


def test_a_loss_that_is_no_number_stops_the_training(tmp_path: Path) -> None:
    bundle, _ = fresh()
    method = recipe("sdd", "paper", schedule="constant", rate=1e30)
    with pytest.raises(SDDBenchError, match=r"the loss of sdd is nan at iteration \d+: lower the"):
        train(bundle, method, spec_of(SINGLE), tmp_path)


def test_a_lean_recipe_samples_once_for_several_iterations(tmp_path: Path) -> None:
    """8 iterations on one trajectory: at most 50 steps of two rows, and two rows each."""
    loop, _ = follow(recipe("sdd", "lean", iterations=16), SINGLE, "sdd", tmp_path)
    rows = [row["unet_rows"] for row in loop.rows]
    per_iteration = [after - before for before, after in zip([0, *rows], rows, strict=False)]
    assert [count for i, count in enumerate(per_iteration) if i % 8] == [2] * 14
    assert all(2 <= count <= 2 + 2 * (STEPS - 1) for count in per_iteration[::8])
    recipes: Any = registry.method("sdd").recipes  # type: ignore[attr-defined]
    generator = Generator().manual_seed(0)
    bins = torch.randint(50, (8, 4000), generator=generator)
    whole = 2 * recipes["paper"].latents._stops(bins).float().mean() + 2
    shared = 2 * recipes["lean"].latents._stops(bins).amax(0).float().mean() / 8 + 2
    assert float(shared / whole) < 0.45
