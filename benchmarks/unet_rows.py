"""Time per row of the U-Net: in the sampling loop, and in bare calls of the same U-Net.

    python -m benchmarks.unet_rows [--model miniature] [--images 1] [--steps 2] [--repeats 5]

One process, one loaded model, as many rows at a time in both. After each call that the loop makes
comes a bare one, so that whatever else this machine does meets both alike. `ratio` is what the
loop takes, over what the bare calls take: by the wall clock, and in processor time, which other
processes hardly touch; medians of the repeats. `make walk` leaves a model of Stable Diffusion's
true size for `--model`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from sdd_bench import models, registry
from sdd_bench.diffusion import border, generator, loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.pndm import timesteps
from sdd_bench.suites import seeds
from sdd_bench.suites.loading import load as load_suite
from sdd_bench.types import Sample, Settings

SETS = (("sd",), ("sld-max",), ("sd", "sd-neg", "sld-max"))
"""Methods that are run together."""

CONCEPT = "nudity, sexual"


@dataclass
class Spent:
    """Seconds by the wall clock, and in processor time."""

    wall: float = 0.0
    processor: float = 0.0

    @contextmanager
    def add(self) -> Iterator[None]:
        """Add what is done within it."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor


class Turns:
    """Bare calls of a U-Net, each after one that somebody else makes."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.latents = torch.randn(bundle.rows, *bundle.latent_shape)
        self.states = bundle.text(("",) * bundle.rows)
        self.spent = Spent()
        self.calls = 0

    def __call__(self, *_: object) -> None:
        """Make one, as a hook of the U-Net's `forward`, which it goes around."""
        self.calls += 1
        with self.spent.add():
            self.bundle.unet.forward(
                self.latents,
                torch.tensor(500),
                encoder_hidden_states=self.states,
                return_dict=False,
            )


def row(bundle: Bundle, names: Sequence[str], samples: Sequence[Sample], options: Options) -> str:
    """One line of the table."""
    plans = [Plan(method=registry.scan().method(name), concepts=(CONCEPT,)) for name in names]
    settings = Settings(steps=options.steps)
    prompts = [sample.prompt.text for sample in samples]
    columns = sum(len(border.branches(each.method, prompts, each.concepts)) for each in plans)
    tries: list[tuple[float, float, float, float]] = []
    for _ in range(options.repeats):
        both, turns = Spent(), Turns(bundle)
        hook = bundle.unet.register_forward_hook(turns)
        with both.add():
            generator.denoise(bundle, plans, samples, settings)
        hook.remove()
        alone, rows = turns.spent, turns.calls * bundle.rows
        loop = Spent(both.wall - alone.wall, both.processor - alone.processor)
        tries.append(
            (
                1e3 * loop.processor / rows,
                1e3 * alone.processor / rows,
                loop.wall / alone.wall,
                loop.processor / alone.processor,
            )
        )
    looped, bare, wall, processor = (statistics.median(each) for each in zip(*tries, strict=True))
    needed = columns * len(samples) * len(timesteps(options.steps))
    return (
        f"{' + '.join(names):27}{needed:7}{rows:10}{looped:12.1f}{bare:12.1f}{wall:8.3f}"
        f"{processor:11.3f}"
    )


class Options(argparse.Namespace):
    """What was asked for."""

    model: str
    images: int
    steps: int
    repeats: int


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(namespace=Options())
    bundle = loading.load(models.find(options.model), device="cpu")
    samples = seeds.samples(load_suite("country_body", limit=options.images), 42)[: options.images]
    bundle.predict(torch.randn(1, *bundle.latent_shape), 500, bundle.text(("",)))
    print(
        f"{options.images} images, {options.steps} PNDM steps, {bundle.rows} rows a call, "
        f"{torch.get_num_threads()} threads, medians of {options.repeats}"
    )
    print(f"{'':27}{'rows':>7}{'computed':>10}{'processor ms/row':>24}{'ratio':>8}{'':>11}")
    print(f"{'':27}{'needed':>7}{'':10}{'loop':>12}{'bare':>12}{'wall':>8}{'processor':>11}")
    for names in SETS:
        print(row(bundle, names, samples, options), flush=True)


if __name__ == "__main__":
    main()
