"""Time per row of the U-Net: in the sampling loop, and in bare calls of the same U-Net.

    python -m benchmarks.unet_rows [--model miniature] [--images 1] [--steps 1] [--repeats 5]

One process, one loaded model, as many rows at a time in both. Loop and bare calls take turns, so
that whatever else this machine does meets both alike; shown are medians, of the wall clock and of
the processor's time. `make walk` leaves a model of Stable Diffusion's true size for `--model`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from sdd_bench import models, registry
from sdd_bench.diffusion import border, generator, loading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.suites import seeds
from sdd_bench.suites.loading import load as load_suite
from sdd_bench.types import Sample, Settings

SETS = (("sd",), ("sld-max",), ("sd", "sd-neg", "sld-max"))
"""Methods that are run together."""

CONCEPT = "nudity, sexual"


@dataclass(frozen=True)
class Spent:
    """Seconds of a number of calls of the U-Net."""

    calls: int
    wall: float
    processor: float


def spent(bundle: Bundle, work: Callable[[], object]) -> Spent:
    """What some work takes, with the calls in it."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    hook = bundle.unet.register_forward_pre_hook(count)
    wall, processor = time.perf_counter(), time.process_time()
    work()
    taken = Spent(calls, time.perf_counter() - wall, time.process_time() - processor)
    hook.remove()
    return taken


@torch.inference_mode()
@loading.exact_numerics()
def bare(bundle: Bundle, calls: int) -> None:
    """The U-Net alone."""
    latents = torch.randn(bundle.rows, *bundle.latent_shape)
    states = bundle.text(("",) * bundle.rows)
    when = torch.tensor(500)
    for _ in range(calls):
        bundle.unet(latents, when, encoder_hidden_states=states, return_dict=False)


def row(bundle: Bundle, names: Sequence[str], samples: Sequence[Sample], options: Options) -> str:
    """One line of the table."""
    plans = [Plan(method=registry.scan().method(name), concepts=(CONCEPT,)) for name in names]
    settings = Settings(steps=options.steps)
    prompts = [sample.prompt.text for sample in samples]
    columns = sum(len(border.branches(each.method, prompts, each.concepts)) for each in plans)
    pairs = []
    for _ in range(options.repeats):
        loop = spent(bundle, lambda: generator.denoise(bundle, plans, samples, settings))
        alone = spent(bundle, partial(bare, bundle, loop.calls))
        pairs.append((loop, alone))
    calls = pairs[0][0].calls
    rows = calls * bundle.rows
    needed = columns * len(samples) * (options.steps + 1)
    wall = [statistics.median(pair[side].wall for pair in pairs) / rows for side in (0, 1)]
    ratios = [
        statistics.median(loop.wall / alone.wall for loop, alone in pairs),
        statistics.median(loop.processor / alone.processor for loop, alone in pairs),
    ]
    return (
        f"{' + '.join(names):24}{needed:8}{rows:10}{1e3 * wall[0]:12.1f}{1e3 * wall[1]:12.1f}"
        f"{ratios[0]:10.3f}{ratios[1]:12.3f}"
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
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(namespace=Options())
    bundle = loading.load(models.find(options.model), device="cpu")
    samples = seeds.samples(load_suite("country_body", limit=options.images), 42)[: options.images]
    bare(bundle, 1)
    print(
        f"{options.images} images, {options.steps} PNDM steps, {bundle.rows} rows a call, "
        f"{torch.get_num_threads()} threads, medians of {options.repeats}"
    )
    print(
        f"{'':24}{'needed':>8}{'computed':>10}{'loop ms/row':>12}{'bare ms/row':>12}{'ratio':>10}"
        f"{'processor':>12}"
    )
    for names in SETS:
        print(row(bundle, names, samples, options), flush=True)


if __name__ == "__main__":
    main()
