"""Training: what a kill leaves, what a checkpoint holds, and the schedule."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import psutil
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from sdd_bench import registry
from sdd_bench.errors import SDDBenchError
from sdd_bench.runs.identity import CHECKPOINT
from sdd_bench.training.loop import LOG, _schedule, iteration, steps, train
from sdd_bench.training.trainee import trainable
from support.training import SEVERAL, SINGLE, as_before, fresh, recipe, spec_of

# --- the schedule ------------------------------------------------------------------------------


def test_the_papers_schedule_has_half_the_learning_of_a_constant_one() -> None:
    plan = registry.scan().method("sdd").recipes["paper"].optimisation  # type: ignore[attr-defined]
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    factor = _schedule(optimizer, plan)
    rates = [plan.rate * factor(update) for update in range(1500)]
    assert (rates[0], rates[500]) == (0.0, pytest.approx(1e-5))
    assert rates[999] == pytest.approx(5e-6, rel=0.01)
    assert sum(rates) / 1500 == pytest.approx(5e-6, rel=0.01)


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


GRADIENTS = """
import torch
from torch.nn.grad import conv2d_input
torch.set_num_threads(2)
generator = torch.Generator().manual_seed(0)
weight = torch.randn(64, 64, 3, 3, generator=generator)
gradient = torch.randn(1, 64, 1, 1, generator=generator)
between, found = [], set()
for size in range(600, 3000, 16):  # so that the next buffer of the gradient lies elsewhere
    between.append(bytearray(size))
    found.add(conv2d_input((1, 64, 1, 1), weight, gradient, padding=1).numpy().tobytes())
print(len(found))
"""
"""Prints how many different gradients one convolution has."""


def test_two_threads_find_the_same_gradient_wherever_it_lies() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MKL_CBWR"}

    def gradients(code: str) -> int:
        command = [sys.executable, "-c", code]
        return int(subprocess.check_output(command, env=environment, text=True))

    assert gradients("import sdd_bench" + GRADIENTS) == 1
    if gradients(GRADIENTS) == 1:
        pytest.skip("on this processor they do without our setting, too")


@pytest.mark.parametrize(("name", "of"), [("sdd", "paper"), ("esd-x-3", "original")])
def test_a_training_that_was_begun_before_goes_on_to_the_same_bytes(
    tmp_path: Path, name: str, of: str
) -> None:
    method, spec = recipe(name, of, iterations=6), spec_of(SEVERAL, name)
    whole = train(fresh()[0], method, spec, tmp_path / "whole", save_every=2)
    with pytest.raises(KilledError):
        train(fresh()[0], method, spec, tmp_path / "killed", save_every=2, tracker=Kill(5))
    state = tmp_path / "killed" / spec.folder / "state.pt"
    as_before(state.parent, torch.load(state, weights_only=True))
    state.unlink()
    again = train(fresh()[0], method, spec, tmp_path / "killed", save_every=2)
    assert again.read_bytes() == whole.read_bytes()
    assert pd.read_parquet(again.parent / LOG)["iteration"].tolist() == list(range(1, 7))


def killed(folder: Path, at: int, seed: int = 3) -> Path:
    """A training of four iterations that was killed; returns its state."""
    method, spec = recipe("sdd", "paper", iterations=4), spec_of(SINGLE, seed=seed)
    with pytest.raises(KilledError):
        train(fresh()[0], method, spec, folder, save_every=2, tracker=Kill(at))
    return folder / spec.folder / "state.pt"


def test_a_training_whose_state_is_damaged_starts_again_to_the_same_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    method, spec = recipe("sdd", "paper", iterations=4), spec_of(SINGLE)
    whole = train(fresh()[0], method, spec, tmp_path / "whole", save_every=2)
    for number, content in enumerate((b"", None, b"other"), start=1):
        state = killed(tmp_path, 3)
        if content == b"other":
            state.write_bytes(killed(tmp_path / "other", 3, seed=9).read_bytes())
        else:
            state.write_bytes(state.read_bytes()[:1000] if content is None else content)
        again = train(fresh()[0], method, spec, tmp_path, save_every=2)
        assert again.read_bytes() == whole.read_bytes()
        aside = state.with_name(f"state.pt.damaged{f'-{number}' if number > 1 else ''}")
        assert f"kept as {aside}, the training starts again" in caplog.text
        assert aside.exists()
        again.unlink()
        state.unlink()


@pytest.mark.parametrize("damage", ["flipped", "empty", "step", "other"])
def test_a_checkpoint_that_is_not_the_result_is_made_again_from_the_state(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    method, spec = recipe("sdd", "paper", iterations=4), spec_of(SINGLE)
    path = train(fresh()[0], method, spec, tmp_path, save_every=2)
    whole, content = path.read_bytes(), bytearray(path.read_bytes())
    content[-1000] ^= 1
    if damage == "step":
        content[:] = steps(path.parent)[0].read_bytes()
    elif damage == "other":
        other = recipe("sdd", "paper", iterations=2)
        content[:] = train(fresh()[0], other, spec_of(SINGLE, seed=9), tmp_path).read_bytes()
    path.write_bytes(b"" if damage == "empty" else content)

    class Untouched:
        """A tracker of a training that has nothing left to do."""

        def log(self, iteration: int, values: object) -> None:
            raise AssertionError

        def close(self) -> None:
            pass

    assert train(fresh()[0], method, spec, tmp_path, tracker=Untouched()) == path
    assert path.read_bytes() == whole
    aside = path.with_name("checkpoint.safetensors.damaged")
    assert f"kept as {aside}, the training goes on from its last state" in caplog.text
    assert aside.exists()


def test_a_damaged_log_costs_the_log_alone(tmp_path: Path) -> None:
    method, spec = recipe("sdd", "paper", iterations=4), spec_of(SINGLE)
    whole = train(fresh()[0], method, spec, tmp_path / "whole", save_every=2)
    log = killed(tmp_path, 3).with_name(LOG)
    log.write_bytes(b"")
    again = train(fresh()[0], method, spec, tmp_path, save_every=2)
    assert again.read_bytes() == whole.read_bytes()
    assert pd.read_parquet(log)["iteration"].tolist() == [1, 2, 3, 4]


def test_the_log_tells_the_most_memory_so_far(tmp_path: Path) -> None:
    path = train(fresh()[0], recipe("sdd", "paper", iterations=4), spec_of(SINGLE), tmp_path)
    told = pd.read_parquet(path.parent / LOG)["memory_mb"]
    assert told.is_monotonic_increasing
    assert told.min() > 100  # torch alone takes more
    assert told.max() < psutil.virtual_memory().total / 1e6


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


def test_training_leaves_a_notebook_as_it_was(tmp_path: Path) -> None:
    class Watched:
        """A tracker that looks at the settings of the process."""

        def __init__(self) -> None:
            self.exact: list[bool] = []

        def log(self, iteration: int, values: Mapping[str, float]) -> None:
            self.exact.append(torch.backends.cudnn.deterministic)

        def close(self) -> None:
            """Nothing was opened."""

    watched = Watched()
    method = recipe("sdd", "paper", iterations=2)
    with torch.backends.cudnn.flags(enabled=True, deterministic=False):
        train(fresh()[0], method, spec_of(SINGLE), tmp_path, tracker=watched)
        assert not torch.backends.cudnn.deterministic
    assert watched.exact == [True, True]


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


def test_a_loss_that_raises_is_told_with_the_plugins_name(tmp_path: Path) -> None:
    bundle, _ = fresh()
    method = recipe("sdd", "paper", iterations=2)

    def leave(*_: object) -> None:
        raise SystemExit(0)

    # Slots and frozen fields leave nothing to replace but the class's own function.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(method), "loss", leave)
        with pytest.raises(SDDBenchError, match=r"^sdd.py:SDD.loss called sys.exit at iteration 1"):
            train(bundle, method, spec_of(SINGLE), tmp_path)
