"""The training loop: the same weights after a kill, and with two workers."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn

from sdd_bench.miniature import loop


@pytest.mark.parametrize(
    ("step", "rate"),
    # 103 steps: 3 of rise, then a hundred along half a cosine.
    [(0, 2 / 3), (1, 4 / 3), (2, 2), (3, 2), (28, 1 + math.sqrt(0.5)), (53, 1),
     (78, 1 - math.sqrt(0.5)), (102, 1 - math.cos(math.pi / 100))],
)  # fmt: skip
def test_the_learning_rate_rises_and_falls(step: int, rate: float) -> None:
    plan = loop.Plan(steps=103, batch=1, rate=2)
    assert plan.rate_at(step) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 17])
def test_short_plans_have_a_learning_rate_too(steps: int) -> None:
    plan = loop.Plan(steps=steps, batch=1, rate=1)
    assert all(0 < plan.rate_at(step) <= 1 for step in range(steps))


class Killed(BaseException):
    """What stops a training run."""


def line(
    folder: Path, plan: loop.Plan, *, killed_at: int | None = None
) -> tuple[dict[str, Tensor], int]:
    """The weights of a small network after a fit, and the steps that it took."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    steps = 0

    def loss(generator: Generator) -> Tensor:
        nonlocal steps
        if steps == killed_at:
            raise Killed
        steps += 1
        inputs = torch.randn(plan.batch, 3, generator=generator)
        outputs: Tensor = model(inputs)
        return (outputs[:, 0] - inputs.sum(1)).square().mean()

    fitted = loop.fit("line", model, loss, plan, folder)
    assert not fitted.training
    return fitted.state_dict(), steps


@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize("killed_at", [1, 3, 10])
def test_a_killed_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ema: float | None, killed_at: int
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 3)
    plan = loop.Plan(steps=11, batch=8, rate=0.05, ema=ema)
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, steps = line(tmp_path / "whole", plan)
    assert steps == 11
    with pytest.raises(Killed):
        line(tmp_path / "parts", plan, killed_at=killed_at)
    resumed, steps = line(tmp_path / "parts", plan)
    assert steps == 11 - killed_at // 3 * 3  # only those after the last checkpoint
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    plan = loop.Plan(steps=4, batch=8, rate=0.05, ema=0.5)
    first, _ = line(tmp_path, plan)
    again, steps = line(tmp_path, plan)
    assert steps == 0
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_the_moving_average_follows_the_weights() -> None:
    average, model = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(average.weight, 2.0)
    nn.init.constant_(model.weight, 6.0)
    loop._follow(average, model, 0.75)
    assert average.weight.item() == 3  # .75 x 2 + .25 x 6


WORKER = """
import sys
from datetime import timedelta
from pathlib import Path
import torch, torch.distributed as dist
from torch import nn
from sdd_bench.miniature import loop

rank, address, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
torch.set_num_threads(1)

def learn(name, share):
    torch.manual_seed(0)
    model = nn.Linear(5, 2)
    gradients = []

    def loss(generator):
        if model.weight.grad is not None:
            gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
        inputs = torch.randn(8, 5, generator=generator)[share]
        return (model(inputs) - inputs[:, :2]).square().mean() / 100  # too small to be clipped

    (folder / name).mkdir()
    fitted = loop.fit("toy", model, loss, loop.Plan(steps=4, batch=8, rate=0.01), folder / name)
    return {"gradients": torch.stack(gradients), **fitted.state_dict()}

alone = learn(f"alone{rank}", slice(None))
dist.init_process_group(
    "gloo", init_method=address, rank=rank, world_size=2, timeout=timedelta(seconds=60)
)
together = learn(f"together{rank}", slice(rank, None, 2))
dist.destroy_process_group()
torch.save([alone, together], folder / f"{rank}.pt")
"""


def test_two_workers_learn_what_one_does_with_the_whole_batch(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(rank), address, str(tmp_path)])
        for rank in (0, 1)
    ]
    assert [worker.wait(timeout=180) for worker in workers] == [0, 0]
    (alone, first), (_, second) = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)
    )
    assert alone["gradients"].shape == (3, 12)
    for name, tensor in alone.items():
        assert torch.equal(first[name], second[name])
        assert torch.allclose(first[name], tensor, rtol=1e-5, atol=1e-7), name
    # One of them writes the checkpoint.
    assert (tmp_path / "together0" / "toy.pt").exists()
    assert not (tmp_path / "together1" / "toy.pt").exists()
