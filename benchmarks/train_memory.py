"""Memory and time of an SDD iteration on Stable Diffusion 1.4's true architecture, random weights.

    python benchmarks/train_memory.py [--iterations 2] [--ddim-steps 3]

One run, each side in a process of its own, because what counts is the peak of the whole process:

* ours: one frozen backbone; student and teacher differ in the trained tensors, which are exchanged;
* plain: the loop of the authors' script, two whole U-Nets and a student that is not frozen, so
  that all of its gradients are computed and kept (24 GB are not enough with much beside it).

Both train the 80 cross-attention tensors of a U-Net with 859,520,964 parameters in single
precision on 64 x 64 latents, and walk the same number of DDIM steps to each latent.
"""

from __future__ import annotations

import argparse
import copy
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from sdd_bench import registry, training, weights
from sdd_bench.attention import TextReader, project_text_once
from sdd_bench.finetune import Student
from sdd_bench.models import Bundle
from sdd_bench.training import TrainSpec
from sdd_bench.types import ModelSpec

CONCEPT = "nudity"


@dataclass(frozen=True)
class World:
    """The parts of a model that both sides need."""

    unet: UNet2DConditionModel
    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    alphas: Tensor


def world() -> World:
    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(weights.find("miniature") / "tokenizer")
    config = CLIPTextConfig(vocab_size=len(tokenizer), hidden_size=768, num_hidden_layers=1)
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    return World(
        unet=unet.eval(),
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(config).eval().requires_grad_(False),
        alphas=(1 - betas).cumprod(0),
    )


def ours(iterations: int, ddim_steps: int) -> list[float]:
    """Seconds of each iteration."""
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
    method: Any = registry.method("sdd")

    class Fixed(type(method.latents)):  # type: ignore[misc]
        def _stops(self, bins: Tensor) -> Tensor:
            return torch.full_like(bins, ddim_steps)

    method = replace(method, latents=Fixed())
    spec = TrainSpec(
        model="random", model_hash="", method="sdd", parameters={}, concepts=(CONCEPT,), seed=0,
        numerics="",
    )  # fmt: skip
    student = Student(bundle, (CONCEPT,), "xattn", ema=True)
    with tempfile.TemporaryDirectory() as folder:
        loop = training._Loop(student, method.optimisation, bundle, Path(folder), spec)
        return [loop.iterate(method)["seconds"] for _ in range(iterations)]


def plain(iterations: int, ddim_steps: int) -> list[float]:
    """Seconds of each iteration of the authors' loop."""
    made = world()
    student, teacher = made.unet, copy.deepcopy(made.unet).requires_grad_(False)
    learning = [p for name, p in student.named_parameters() if "attn2" in name]
    optimizer = torch.optim.AdamW(learning, lr=1e-5, weight_decay=1e-2)
    alphas = made.alphas

    def states(text: str) -> Tensor:
        ids = made.tokenizer(text, padding="max_length", max_length=77, return_tensors="pt")
        found: Tensor = made.text_encoder(ids.input_ids).last_hidden_state
        return found

    taken = []
    for _ in range(iterations):
        began = time.perf_counter()
        with torch.no_grad():
            empty, concept = states(""), states(CONCEPT)
            z = torch.randn(1, 4, 64, 64)
            for t in [981 - 20 * done for done in range(ddim_steps)]:
                e0, ec = teacher(torch.cat([z, z]), t, torch.cat([empty, concept])).sample.chunk(2)
                e, a, before = e0 + 3 * (ec - e0), alphas[t], alphas[t - 20]
                clean = (z - (1 - a).sqrt() * e) / a.sqrt()
                z = before.sqrt() * clean + (1 - before).sqrt() * e
            target = student(z, 900, empty).sample
        loss = (student(z, 900, concept).sample - target).square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            for average, current in zip(teacher.parameters(), student.parameters(), strict=True):
                average.mul_(0.999).add_(current, alpha=0.001)
        taken.append(time.perf_counter() - began)
    return taken


def main() -> None:
    """Measure both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--ddim-steps", type=int, default=3)
    parser.add_argument("--side", choices=["ours", "plain"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        measure = {"ours": ours, "plain": plain}[options.side]
        seconds = measure(options.iterations, options.ddim_steps)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        print(json.dumps({"seconds": min(seconds), "gigabytes": peak}))
        return
    results = {}
    for side in ("ours", "plain"):
        command = [sys.executable, __file__, "--side", side]
        command += ["--iterations", str(options.iterations)]
        command += ["--ddim-steps", str(options.ddim_steps)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        results[side] = json.loads(output.splitlines()[-1])
    print(f"{options.iterations} iterations, {options.ddim_steps} DDIM steps each, best iteration")
    print(f"{'':8}{'seconds':>10}{'peak GB':>10}")
    for side, row in results.items():
        print(f"{side:8}{row['seconds']:10.1f}{row['gigabytes']:10.2f}")
    ratios = [results["ours"][key] / results["plain"][key] for key in ("seconds", "gigabytes")]
    print(f"ours / plain: time {ratios[0]:.2f}, memory {ratios[1]:.2f}")


if __name__ == "__main__":
    main()
