"""Fine-tuning: once per (model, method, concepts, recipe, seed), resumable to the same bits.

A training folder is `<results>/trained/<model>/<method>-<digest>/`:

    train.json             what makes these weights these weights, and how the training went
    log.parquet            one row per iteration: loss, gradient, learning rate, seconds, memory
    state.pt               where the training stands; the same command goes on from here
    step-000150.safetensors ...  the weights on the way, student and teacher
    checkpoint.safetensors the result: the trained tensors only
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch import Generator, Tensor, nn

from sdd_bench import files, plugins
from sdd_bench.diffusion.loading import exact_numerics
from sdd_bench.errors import SDDBenchError
from sdd_bench.progress import progress
from sdd_bench.provenance import utc_now
from sdd_bench.runs.identity import CHECKPOINT, TrainSpec
from sdd_bench.suites.seeds import derived_seed
from sdd_bench.types import Optimisation, Trained

from . import memory, states
from .folders import is_made, set_aside, write_facts
from .packed import pack
from .trainee import Student

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle

    from .checkpoints import Checkpoint
    from .trackers import Tracker

LOG = "log.parquet"


@exact_numerics()
def train(
    bundle: Bundle,
    method: Trained,
    spec: TrainSpec,
    results: Path,
    base: Checkpoint | None = None,
    *,
    save_every: int | None = None,
    tracker: Tracker | None = None,
) -> Path:
    """Train what is not trained yet and return the checkpoint's path.

    `base` is what the bundle has in place of weights of its own; it is in the result, too. Every
    `save_every` iterations (a tenth of all by default) the state is written, and the weights on
    the way. Raises SDDBenchError if the loss is no number any more.
    """
    folder = results / spec.folder
    path, plan = folder / CHECKPOINT, method.optimisation
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    then = "the training goes on from its last state, or starts again"
    if is_made(path, spec, plan.iterations, then):
        return path
    student = Student(bundle, spec.concepts, plan.trainable, ema=plan.ema is not None)
    try:
        held = base.tensors if base else {}
        loop = _Loop(student, plan, bundle, folder, spec, held)
        loop.resume()
        write_facts(folder, spec, finished=None)
        interval = _interval(plan, save_every)
        name, total = f"training {spec.method}", plan.iterations
        with progress(name, total, "iterations", done=loop.done) as advance:
            while loop.done < plan.iterations:
                values = loop.iterate(method)
                if tracker is not None:
                    tracker.log(loop.done, values)
                if loop.done % interval == 0 or loop.done == plan.iterations:
                    loop.save()
                advance(1)
        done = pack({**held, **student.average}, spec, plan.iterations, plan.iterations)
        files.write_sealed(path, done)
    finally:
        student.restore()
    write_facts(folder, spec, finished=utc_now())
    return path


def steps(folder: Path) -> list[Path]:
    """The weights on the way, sorted by iteration."""
    return files.find(folder, "step-*.safetensors")


def iteration(step: Path) -> int:
    """When a file of weights on the way was written."""
    return int(step.stem.removeprefix("step-"))


def _interval(plan: Optimisation, wanted: int | None) -> int:
    """Iterations between two states: where neither gradients nor latents wait to be used."""
    unit = math.lcm(plan.reuse, plan.accumulate)
    return math.ceil((wanted or max(1, plan.iterations // 10)) / unit) * unit


class _Loop:
    """The state of one training, between two iterations."""

    def __init__(
        self,
        student: Student,
        plan: Optimisation,
        bundle: Bundle,
        folder: Path,
        spec: TrainSpec,
        base: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.student, self.plan, self.folder, self.spec = student, plan, folder, spec
        self.base = base or {}
        self.device = bundle.device
        self.done = 0
        self.rows: list[dict[str, float]] = []
        self.parameters = list(student.parameters.values())
        self.optimizer = _optimizer(self.parameters, plan)
        # Half precision underflows without; gradients are unscaled before they are clipped.
        half = bundle.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=half)
        self._factor = _schedule(self.optimizer, plan)

    def iterate(self, method: Trained) -> dict[str, float]:
        """One iteration; returns its row of the log."""
        began = time.perf_counter()
        if self.done % self.plan.reuse == 0:
            self.student.memo.clear()
        seed = derived_seed(self.spec.seed, "training", self.spec.method, self.done)
        with plugins.calling(method, "loss", f" at iteration {self.done + 1}"):
            loss = method.loss(self.student, self.done, Generator().manual_seed(seed))
            value = loss.item()
        if not math.isfinite(value):
            raise SDDBenchError(
                f"the loss of {self.spec.method} is {value} at iteration {self.done + 1}: lower "
                "the learning rate or try --dtype float32; the states before are kept"
            )
        self.scaler.scale(loss / self.plan.accumulate).backward()
        update, waiting = divmod(self.done + 1, self.plan.accumulate)
        rate = self.plan.rate * self._factor(update - 1 if waiting == 0 else update)
        norm = self._update(rate) if waiting == 0 else math.nan
        self.done += 1
        row = {
            "iteration": self.done,
            "loss": value,
            "gradient_norm": norm,
            "rate": rate,
            "seconds": time.perf_counter() - began,
            "unet_rows": self.student.calls,
            "memory_mb": memory.peak(self.device),
        }
        self.rows.append(row)
        return row

    def _update(self, rate: float) -> float:
        """Clip, step, move the average. Returns the gradient's norm before clipping."""
        self.optimizer.param_groups[0]["lr"] = rate
        self.scaler.unscale_(self.optimizer)
        limit = math.inf if self.plan.clip is None else self.plan.clip
        norm = nn.utils.clip_grad_norm_(self.parameters, limit)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        if self.plan.ema is not None:
            self.student.follow(self.plan.ema)
        return norm.item()

    # --- states ---

    def save(self) -> None:
        """Write the log, the weights on the way, and then the state that makes both count."""
        files.write_parquet(self.folder / LOG, pd.DataFrame(self.rows))
        weights = {f"student/{n}": p.data for n, p in self.student.parameters.items()}
        if self.plan.ema is not None:
            weights |= {f"teacher/{name}": w for name, w in self.student.average.items()}
        name = f"step-{self.done:06d}.safetensors"
        roles = ("student", "teacher") if self.plan.ema is not None else ("student",)
        held = {f"{role}/{name}": tensor for role in roles for name, tensor in self.base.items()}
        content = pack({**held, **weights}, self.spec, self.done, self.plan.iterations)
        files.write_sealed(self.folder / name, content)
        state: states.State = {
            "digest": self.spec.digest,
            "done": self.done,
            "rows": self.rows,
            "weights": weights,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        states.write(self.folder, state)

    def resume(self) -> None:
        """Go on from the state in the folder, if there is one; a damaged one is set aside."""
        for name in (states.STATE, states.FORMER_STATE):
            path = self.folder / name
            if set_aside(path, self._state, "the training starts again"):
                continue
            state = self._state(path)
            if state is not None:
                self._take(state)
                return

    def _state(self, path: Path) -> states.State | None:
        """A state that fits. Raises ContentError."""
        groups = self.optimizer.state_dict()["param_groups"]
        state = states.read(path, self.spec.digest, list(self.student.parameters), groups)
        if state is not None:
            roles = ("student", "teacher") if self.plan.ema is not None else ("student",)
            wanted = {
                f"{r}/{n}": p.shape for r in roles for n, p in self.student.parameters.items()
            }
            if {name: w.shape for name, w in state["weights"].items()} != wanted:
                raise files.ContentError("its weights are not those that are trained")
        return state

    def _take(self, state: states.State) -> None:
        for name, parameter in self.student.parameters.items():
            parameter.data.copy_(state["weights"][f"student/{name}"])
            if self.plan.ema is not None:
                self.student.average[name].copy_(state["weights"][f"teacher/{name}"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.done = state["done"]
        self.rows = state["rows"] if state["rows"] is not None else self._former_rows()
        self.student.calls = int(self.rows[-1]["unet_rows"]) if self.rows else 0

    def _former_rows(self) -> list[dict[str, float]]:
        """The log up to where a state of before stands, which doesn't hold it."""
        path = self.folder / LOG
        if set_aside(path, files.read_parquet, "the log starts anew"):
            return []
        log_of = files.read_parquet(path)
        if log_of is None:
            return []
        known = log_of[log_of["iteration"] <= self.done].to_dict("records")
        return [{str(key): float(cell) for key, cell in row.items()} for row in known]


def _optimizer(parameters: list[nn.Parameter], plan: Optimisation) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if plan.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=plan.rate, weight_decay=plan.weight_decay)


def _schedule(optimizer: torch.optim.Optimizer, plan: Optimisation) -> Callable[[int], float]:
    """The share of the peak learning rate that an update, counted from 0, gets."""
    from diffusers.optimization import get_scheduler

    updates = plan.iterations // plan.accumulate
    scheduler = get_scheduler(
        plan.schedule,
        optimizer,
        num_warmup_steps=plan.warmup,
        num_training_steps=updates,
    )
    factor: Callable[[int], float] = scheduler.lr_lambdas[0]
    return factor
