"""Small trainings: a toy method, the small model, recipes of few iterations."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from golden import make_guidance as reference
from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.runs.identity import TrainSpec
from sdd_bench.training.states import State
from sdd_bench.types import Trained
from support.shell import Shell

STEPS = 5
"""DDIM steps: enough to tell the bins apart, few enough for a test."""

ITERATIONS = 20
SINGLE = ("nudity",)
SEVERAL = ("nudity", "violence", "blood")


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
    method: Any = registry.scan().method(name).recipes[of]  # type: ignore[attr-defined]
    plan = replace(method.optimisation, **{"iterations": ITERATIONS, **changes})
    if plan.schedule == "cosine":
        plan = replace(plan, warmup=6)
    found: Trained = replace(
        method, optimisation=plan, latents=replace(method.latents, steps=STEPS)
    )
    return found


def as_before(folder: Path, state: State) -> None:
    """Write state.safetensors as commit ff39426 did."""
    names = [name.removeprefix("student/") for name in state["weights"] if "student/" in name]
    tensors = dict(state["weights"])
    for name, moments in zip(names, state["optimizer"]["state"].values(), strict=True):
        for field, value in moments.items():
            tensors[f"optimizer/{field}/{name}"] = torch.as_tensor(value)
    scaler = {key: float(value) for key, value in state["scaler"].items()}
    content = {"digest": state["digest"], "done": state["done"], "scaler": scaler}
    packed = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    about = {"sdd_bench": json.dumps(content, sort_keys=True)}
    save_file(packed, folder / "state.safetensors", about)


FORGET = '''
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from sdd_bench.types import Optimisation


@dataclass(frozen=True)
class Forget:
    """Learns to answer the concepts like no text at all, on pure noise."""

    optimisation: Optimisation = Optimisation(iterations=4, rate=1e-3, ema=0.5)
    concepts: tuple[str, ...] = ("nudity",)

    @property
    def recipes(self):
        return {"short": self, "shorter": Forget(Optimisation(iterations=2, rate=1e-3))}

    def branches(self, prompt, concepts):
        return "", prompt

    def guide(self, call, noise, scale, state):
        empty, prompt = noise
        return empty + scale * (prompt - empty), state

    def loss(self, trainee, iteration, generator):
        latents = torch.randn(2, *trainee.latent_shape, generator=generator)
        times = torch.full((2,), 981)
        with trainee.student():
            target = trainee.predict(latents, times, ["", ""])
        texts = [", ".join(trainee.concepts)] * 2
        return F.mse_loss(trainee.predict(latents, times, texts), target)
'''


def forget(folder: Path) -> str:
    """The toy method in a file of its own, by the name that `--method` takes."""
    path = folder / "forget.py"
    path.write_text(FORGET)
    return f"{path}:Forget"


def checkpoint_of(shell: Shell) -> Path:
    """The one that was trained."""
    (path,) = shell.results.glob("trained/miniature/*/checkpoint.safetensors")
    return path
