"""Images per second on the miniature: ours, the stock pipeline, and the U-Net calls alone.

    python benchmarks/generate.py [--images 96] [--steps 25]

One run, one process, the same model, prompts and steps for all three:

* ours: `sdd-bench run` as a user gets it, with pictures saved and scored, from loaded weights;
* stock: diffusers' StableDiffusionPipeline in a loop of batch 4, pictures saved, nothing scored
  (what the paper's authors ran);
* bare: nothing but the U-Net calls that these pictures need, at the batch size that suits best.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from sdd_bench import models
from sdd_bench.benchmark import runner
from sdd_bench.benchmark.request import Request
from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.pndm import timesteps
from sdd_bench.suites import seeds
from sdd_bench.suites.loading import load as load_suite
from sdd_bench.types import Sample
from sdd_bench.weights import store

ROWS = (8, 16, 32, 64, 128)
"""Batch sizes tried for the bare cost, in rows of the U-Net (two per image)."""


def ours(images: int, steps: int) -> float:
    """Seconds for generating, saving and scoring `images` pictures of SD."""
    with tempfile.TemporaryDirectory() as results:
        request = Request(
            methods=("sd",),
            suites=("coco30k",),
            limit=images,
            steps=steps,
            results=Path(results),
            device="cpu",
            workers=1,
        )
        began = time.perf_counter()
        runner.run(request)
        return time.perf_counter() - began


def stock(samples: Sequence[Sample], steps: int) -> float:
    """Seconds for generating and saving the same prompts four at a time."""
    pipeline = StableDiffusionPipeline.from_pretrained(store.find("miniature"), safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for start in range(0, len(samples), 4):
            several = samples[start : start + 4]
            generator = torch.Generator("cpu").manual_seed(several[0].seed)
            prompts = [sample.prompt.text for sample in several]
            result = pipeline(prompts, num_inference_steps=steps, generator=generator)
            for sample, image in zip(several, result.images, strict=True):
                image.save(Path(folder) / f"{sample.stem}.png")
        return time.perf_counter() - began


@torch.inference_mode()
def bare(bundle: Bundle) -> tuple[float, int]:
    """Seconds per row of the U-Net calls alone, and how many rows at a time are fastest."""
    best = (float("inf"), 0)
    for rows in ROWS:
        latents = torch.randn(rows, *bundle.latent_shape)
        states = bundle.text(("",) * rows)
        when = torch.tensor(500)
        bundle.unet(latents, when, encoder_hidden_states=states)
        repeats = max(3, 384 // rows)
        began = time.perf_counter()
        for _ in range(repeats):
            bundle.unet(latents, when, encoder_hidden_states=states)
        best = min(best, ((time.perf_counter() - began) / repeats / rows, rows))
    return best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--steps", type=int, default=25)
    options = parser.parse_args()
    images, steps = options.images, options.steps
    bundle = loading.load(models.find("miniature"), device="cpu")
    suite = load_suite("miniature/coco30k", limit=images)
    samples = seeds.samples(suite, 42)
    ours(4, 2)  # loads the judges and warms the caches, as the stock pipeline is warm below
    results = [
        ("ours, saved and scored", ours(images, steps)),
        ("stock pipeline, batch 4, saved", stock(samples, steps)),
    ]
    per_row, rows = bare(bundle)
    seconds = per_row * 2 * len(timesteps(steps)) * images
    results.append((f"bare U-Net calls, {rows} rows", seconds))
    print(f"{images} images, {steps} PNDM steps, {torch.get_num_threads()} threads")
    print(f"{'':34}{'images/s':>10}{'ms/image':>10}{'of bare':>10}")
    for name, taken in results:
        print(f"{name:34}{images / taken:10.2f}{1e3 * taken / images:10.1f}{taken / seconds:10.2f}")
    print(f"ours is {results[1][1] / results[0][1]:.2f} x the stock pipeline")


if __name__ == "__main__":
    main()
