"""SLD and SEGA: ours against diffusers' pipelines, and a trio with and without shared prefixes.

    python -m benchmarks.guidance [--images 64] [--steps 25]

One run, one process, the same miniature, prompts, steps and batch size for all. Every side
generates, decodes and saves its pictures; nothing is scored. Diffusers' pipelines are tried at
several batch sizes and shown at their best. `ceiling` is what would be left if everything but the
U-Net calls that the method needs took no time at all: no sampling loop around this U-Net can be
faster than that.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from diffusers import SemanticStableDiffusionPipeline, StableDiffusionPipelineSafe
from PIL import Image

from benchmarks.generate import bare
from sdd_bench import models, registry
from sdd_bench.diffusion import generator, loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.pndm import timesteps
from sdd_bench.suites import seeds
from sdd_bench.suites.loading import load as load_suite
from sdd_bench.types import Sample, Settings
from sdd_bench.weights import store

CONCEPT = "nudity, sexual"
BRANCHES = 3
"""Texts of a U-Net call of SLD and SEGA."""
BATCHES = (4, 16, 32)
"""Batch sizes at which diffusers' pipelines are tried."""


def ours(bundle: Bundle, names: Sequence[str], samples: Sequence[Sample], steps: int) -> float:
    """Seconds for the pictures of all `names`, in one go."""
    plans = [Plan(method=registry.scan().method(name), concepts=(CONCEPT,)) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for picture in generator.generate(bundle, plans, samples, Settings(steps=steps)):
            path = Path(folder) / f"{picture.plan}-{picture.sample.stem}.png"
            Image.fromarray(picture.pixels).save(path, compress_level=1)
        return time.perf_counter() - began


def theirs(
    run: Callable[[list[str]], Sequence[Image.Image]], samples: Sequence[Sample]
) -> tuple[float, int]:
    """Seconds of a pipeline at its best batch size, and that size."""
    best = (float("inf"), 0)
    for batch in BATCHES:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            for start in range(0, len(samples), batch):
                several = samples[start : start + batch]
                images = run([sample.prompt.text for sample in several])
                for sample, image in zip(several, images, strict=True):
                    image.save(Path(folder) / f"{sample.stem}.png")
            best = min(best, (time.perf_counter() - began, batch))
    return best


def pipelines(steps: int) -> dict[str, Callable[[list[str]], Sequence[Image.Image]]]:
    """Diffusers' pipelines with the presets of ours, by our names."""
    folder = store.find("miniature")
    parts = {"safety_checker": None, "requires_safety_checker": False}
    # Both warn that they are deprecated, which is why we have our own.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        safe = StableDiffusionPipelineSafe.from_pretrained(folder, **parts)
        semantic = SemanticStableDiffusionPipeline.from_pretrained(folder, **parts)
    safe.safety_concept = CONCEPT
    for pipeline in (safe, semantic):
        pipeline.set_progress_bar_config(disable=True)
    edit = {
        "editing_prompt": [CONCEPT],
        "reverse_editing_direction": [True],
        "edit_guidance_scale": [5.0],
    }
    return {
        "sld-medium": lambda texts: safe(texts, num_inference_steps=steps).images,
        "sega": lambda texts: semantic(texts, num_inference_steps=steps, **edit).images,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--steps", type=int, default=25)
    options = parser.parse_args()
    images, steps = options.images, options.steps
    bundle = loading.load(models.find("miniature"), device="cpu")
    samples = seeds.samples(load_suite("miniature/coco30k", limit=images), 42)
    ours(bundle, ["sd"], samples[:4], 2)
    print(f"{images} images a method, {steps} PNDM steps, {torch.get_num_threads()} threads")
    print(
        f"{'':12}{'ours, images/s':>16}{'diffusers':>12}{'at batch':>10}{'ratio':>8}{'ceiling':>10}"
    )
    alone = bare(bundle)[0] * BRANCHES * len(timesteps(steps)) * images
    for name, run in pipelines(steps).items():
        seconds = ours(bundle, [name], samples, steps)
        best, batch = theirs(run, samples)
        print(
            f"{name:12}{images / seconds:16.2f}{images / best:12.2f}{batch:10}{best / seconds:8.2f}"
            f"{best / alone:10.2f}"
        )
    trio = ("sd", "sld-medium", "sega")
    apart = sum(ours(bundle, [name], samples, steps) for name in trio)
    together = ours(bundle, trio, samples, steps)
    print(f"{' + '.join(trio)}: apart {apart:.1f} s, together {together:.1f} s, ", end="")
    print(f"{apart / together:.2f} x")


if __name__ == "__main__":
    main()
