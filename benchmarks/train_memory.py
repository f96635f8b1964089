"""Memory and time of an SDD iteration on Stable Diffusion 1.4's true architecture, random weights.

    python benchmarks/train_memory.py [--iterations 2] [--ddim-steps 3] [--side ours|plain]

One run, each side in a process of its own, because what counts is the peak of the whole process:

* ours: one frozen backbone; student and teacher differ in the trained tensors, which are exchanged;
* plain: the loop of the authors' script, two whole U-Nets and a student that is not frozen, so
  that all of its gradients are computed and kept (24 GB are not enough with much beside it).

Both train the 80 cross-attention tensors of a U-Net with 859,520,964 parameters in single
precision on 64 x 64 latents, and walk the same number of DDIM steps to each latent. Of each side
the best iteration is shown, by phase: seconds by the clock and of the processor, and the peak of
the process's memory within the phase (Linux only: the kernel's high-water mark is set back).
"""

from __future__ import annotations

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.runs.identity import TrainSpec
from sdd_bench.training import loop
from sdd_bench.training.trainee import Student
from sdd_bench.types import ModelSpec
from sdd_bench.weights import store

CONCEPT = "nudity"
PHASES = ("sampling", "forward", "backward", "step")
"""DDIM steps to the latent; both estimates of the loss; gradients; clipping, optimiser, average."""


@dataclass(frozen=True)
class Cost:
    """Of one phase."""

    seconds: float
    processor: float
    gigabytes: float


class Phases:
    """One iteration, cut into the phases that are begun one after the other."""

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = {}
        self._begun: tuple[str, float, float] | None = None

    def begin(self, name: str | None) -> None:
        """End the phase before, if there is one, and begin this one, if it is one."""
        now, used = time.perf_counter(), time.process_time()
        if self._begun is not None:
            ended, began, spent = self._begun
            self.costs[ended] = Cost(now - began, used - spent, peak())
        Path("/proc/self/clear_refs").write_text("5")
        self._begun = None if name is None else (name, time.perf_counter(), time.process_time())


def peak() -> float:
    """Gigabytes of memory that this process held at most since the mark was last set back."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["VmHWM"].split()[0]) * 1024 / 1e9


@dataclass(frozen=True)
class World:
    """The parts of a model that both sides need."""

    unet: UNet2DConditionModel
    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    alphas: Tensor


def world() -> World:
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature") / "tokenizer")
    config = CLIPTextConfig(vocab_size=len(tokenizer), hidden_size=768, num_hidden_layers=1)
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    return World(
        unet=unet.eval(),
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(config).eval().requires_grad_(False),
        alphas=(1 - betas).cumprod(0),
    )


def ours(iterations: int, ddim_steps: int) -> list[Phases]:
    """Each iteration of the package's own loop."""
    made = world()
    made.unet.requires_grad_(False)
    bundle = Bundle(
        spec=ModelSpec(name="random", source=""),
        hash="",
        device=torch.device("cpu"),
        dtype=torch.float32,
        batch=1,
        rows=2,
        tokenizer=made.tokenizer,
        unet=made.unet,
        vae=None,
        text=TextReader(made.tokenizer, made.text_encoder, project_text_once(made.unet)),
        alphas=tuple(made.alphas.tolist()),
        final_alpha=float(made.alphas[0]),
        offset=1,
    )
    method: Any = registry.scan().method("sdd")
    phases = [Phases() for _ in range(iterations)]

    class Watched(type(method)):  # type: ignore[misc]
        def loss(self, trainee: Any, iteration: int, generator: Any) -> Tensor:
            phases[iteration].begin("sampling")
            found: Tensor = super().loss(trainee, iteration, generator)
            phases[iteration].begin("backward")
            return found

        def _latents(self, trainee: Any, iteration: int, generator: Any) -> tuple[Tensor, Tensor]:
            found: tuple[Tensor, Tensor] = super()._latents(trainee, iteration, generator)
            phases[iteration].begin("forward")
            return found

    class Fixed(type(method.latents)):  # type: ignore[misc]
        def _stops(self, bins: Tensor) -> Tensor:
            return torch.full_like(bins, ddim_steps)

    class Loop(loop._Loop):
        def _update(self, rate: float) -> float:
            phases[self.done].begin("step")
            return super()._update(rate)

    given = {each.name: getattr(method, each.name) for each in fields(method)}
    method = Watched(**given | {"latents": Fixed()})
    spec = TrainSpec(
        model="random", model_hash="", method="sdd", parameters={}, concepts=(CONCEPT,), seed=0,
        numerics="",
    )  # fmt: skip
    student = Student(bundle, (CONCEPT,), "xattn", ema=True)
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(student, method.optimisation, bundle, Path(folder), spec)
        for each in phases:
            loop.iterate(method)
            each.begin(None)
    return phases


def plain(iterations: int, ddim_steps: int) -> list[Phases]:
    """Each iteration of the authors' loop."""
    made = world()
    student, teacher = made.unet, copy.deepcopy(made.unet).requires_grad_(False)
    learning = [p for name, p in student.named_parameters() if "attn2" in name]
    optimizer = torch.optim.AdamW(learning, lr=1e-5, weight_decay=1e-2)
    alphas = made.alphas

    def states(text: str) -> Tensor:
        ids = made.tokenizer(text, padding="max_length", max_length=77, return_tensors="pt")
        found: Tensor = made.text_encoder(ids.input_ids).last_hidden_state
        return found

    phases = [Phases() for _ in range(iterations)]
    for each in phases:
        each.begin("sampling")
        with torch.no_grad():
            empty, concept = states(""), states(CONCEPT)
            z = torch.randn(1, 4, 64, 64)
            for t in [981 - 20 * done for done in range(ddim_steps)]:
                e0, ec = teacher(torch.cat([z, z]), t, torch.cat([empty, concept])).sample.chunk(2)
                e, a, before = e0 + 3 * (ec - e0), alphas[t], alphas[t - 20]
                clean = (z - (1 - a).sqrt() * e) / a.sqrt()
                z = before.sqrt() * clean + (1 - before).sqrt() * e
            each.begin("forward")
            target = student(z, 900, empty).sample
        loss = (student(z, 900, concept).sample - target).square().mean()
        each.begin("backward")
        loss.backward()
        each.begin("step")
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            for average, current in zip(teacher.parameters(), student.parameters(), strict=True):
                average.mul_(0.999).add_(current, alpha=0.001)
        each.begin(None)
    return phases


def best(found: list[Phases]) -> dict[str, dict[str, float]]:
    """The quickest iteration by processor time; memory is the peak of all iterations."""
    quickest = min(found, key=lambda each: sum(cost.processor for cost in each.costs.values()))
    row = {
        name: asdict(cost) | {"gigabytes": max(each.costs[name].gigabytes for each in found)}
        for name, cost in quickest.costs.items()
    }
    whole = {key: sum(each[key] for each in row.values()) for key in ("seconds", "processor")}
    return row | {"iteration": whole | {"gigabytes": max(c["gigabytes"] for c in row.values())}}


def table(results: dict[str, dict[str, dict[str, float]]]) -> None:
    """Both sides by phase, and how ours compares."""
    columns = [(key, side) for key in ("seconds", "processor", "gigabytes") for side in results]
    print(" " * 10 + "".join(f"{side + ' ' + key:>17}" for key, side in columns))
    for name in (*PHASES, "iteration"):
        print(f"{name:10}" + "".join(f"{results[side][name][key]:17.2f}" for key, side in columns))
    if len(results) == 2:
        mine, theirs = (results[side]["iteration"] for side in ("ours", "plain"))
        print("ours / plain: " + ", ".join(f"{key} {mine[key] / theirs[key]:.3f}" for key in mine))


def main() -> None:
    """Measure each side in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--ddim-steps", type=int, default=3)
    parser.add_argument("--side", choices=["ours", "plain"], help="only this one")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure = {"ours": ours, "plain": plain}[options.side]
        print(json.dumps(best(measure(options.iterations, options.ddim_steps))))
        return
    results = {}
    for side in [options.side] if options.side else ["ours", "plain"]:
        command = [sys.executable, __file__, "--measure", "--side", side]
        command += ["--iterations", str(options.iterations)]
        command += ["--ddim-steps", str(options.ddim_steps)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        results[side] = json.loads(output.splitlines()[-1])
    print(f"{options.iterations} iterations, {options.ddim_steps} DDIM steps each, best iteration")
    table(results)


if __name__ == "__main__":
    main()
