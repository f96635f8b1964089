"""The training loop that every network of the miniature goes through.

Each step draws its batch and noise from a generator seeded by the step, so a run that was killed
continues with the numbers it would have drawn.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Generator, Tensor, nn

log = logging.getLogger(__name__)

SAVE_EVERY = 250
"""Steps between two checkpoints."""

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how fast a network learns."""

    steps: int
    batch: int
    """Examples per step, over all workers together."""
    rate: float
    """Peak learning rate of AdamW; one cycle: linear rise over 3 %, cosine fall to zero."""
    cycle: int | None = None
    """Steps of the whole cycle, where it is left before its end."""
    ema: float | None = None
    """Decay of the exponential moving average that is returned instead of the last weights."""
    weight_decay: float = 1e-2

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        cycle = self.cycle or self.steps
        warmup = max(1, round(0.03 * cycle))
        if step < warmup:
            return self.rate * (step + 1) / warmup
        done = (step - warmup) / max(1, cycle - warmup)
        return self.rate * 0.5 * (1 + math.cos(math.pi * done))


def fit(
    name: str,
    model: Network,
    loss: Callable[[Generator], Tensor],
    plan: Plan,
    folder: Path,
) -> Network:
    """Train `model` on `loss(generator)`; continue from `folder/<name>.pt` where there is one.

    Under `torch.distributed` every worker computes its share of the batch inside `loss` and the
    gradients are averaged. Returns the moving average if the plan has one.
    """
    checkpoint = folder / f"{name}.pt"
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.rate, weight_decay=plan.weight_decay)
    average = copy.deepcopy(model).requires_grad_(False) if plan.ema else model
    first = _resume(checkpoint, model, average, optimizer)
    model.train()
    began, recent = time.monotonic(), []
    for step in range(first, plan.steps):
        optimizer.param_groups[0]["lr"] = plan.rate_at(step)
        value = loss(Generator().manual_seed(step))
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        _average_gradients(model)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if plan.ema:
            _follow(average, model, min(plan.ema, (1 + step) / (10 + step)))
        recent.append(value.item())
        last = step + 1 == plan.steps
        if last or (step + 1) % SAVE_EVERY == 0:
            seconds = (time.monotonic() - began) / (step + 1 - first)
            mean = sum(recent) / len(recent)
            log.info(
                "%s: step %d of %d, loss %.4f, %.2f s/step",
                name,
                step + 1,
                plan.steps,
                mean,
                seconds,
            )
            recent.clear()
            _save(checkpoint, model, average, optimizer, step + 1)
    return average.eval()


def _average_gradients(model: nn.Module) -> None:
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(
        gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True
    ):
        gradient.copy_(part.view_as(gradient))


def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for kept, new in zip(average.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)
        for copied, current in zip(average.buffers(), model.buffers(), strict=True):
            copied.copy_(current)


def _resume(path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.AdamW) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    average.load_state_dict(state["average"])
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.AdamW, step: int
) -> None:
    if dist.is_initialized() and dist.get_rank() != 0:
        return
    partial = path.with_suffix(".tmp")
    torch.save(
        {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
        },
        partial,
    )
    partial.rename(path)
