"""Every comparison with what others have, as one table of ratios measured side by side.

    python -m benchmarks [--images 64] [--repeats 3]

Each line is measured in turns, in this process, on this machine: the times say nothing about
another one, their ratios do. `processor` is the ratio of processor times, which other processes
hardly touch; `clock` is that of the clock, which they do.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from sdd_bench import models, registry
from sdd_bench.diffusion import border, loading

from . import end_to_end, metrics

METHODS = ("sd", "sd-neg", "sld-medium", "sld-max", "sega")
IMAGES = 64
"""Of which the rows of U-Net calls are counted."""


@dataclass(frozen=True)
class Line:
    """One comparison."""

    what: str
    processor: float
    clock: float | None = None


def whole_runs(images: int, repeats: int) -> Iterator[Line]:
    """A run against its networks, and the authors' flow against it."""
    found = end_to_end.medians(images, 25, repeats)
    yield Line("run, scored / its networks alone", *found.networks)
    yield Line("the authors' flow / run, scored", *found.flow)


def rows_of_calls() -> Iterator[Line]:
    """Rows that the U-Net computes over those that the pictures need."""
    bundle = loading.load(models.find("miniature"), device="cpu")
    for name in METHODS:
        method = registry.scan().method(name)
        branches = len(border.branches(method, ["a ball"], method.concepts or ("nudity",)))
        computed = needed = 0
        for start in range(0, IMAGES, bundle.batch):
            rows = branches * min(bundle.batch, IMAGES - start)
            needed += rows
            computed += -(-rows // bundle.rows) * bundle.rows
        yield Line(f"U-Net rows of {name}, {IMAGES} images / needed", computed / needed)


def libraries(repeats: int) -> Iterator[Line]:
    """NudeNet's detector, and clean-fid's distance."""
    import nudenet
    from cleanfid.fid import frechet_distance

    images, theirs = metrics.pictures(16, None), nudenet.NudeDetector()
    theirs.onnx_session = metrics.detector._session()  # of one thread, as ours
    yield _versus(
        "NudeDetector.detect_batch / ours, scores",
        lambda: theirs.detect_batch(images),
        lambda: metrics.detector._outputs(images),
        repeats,
    )
    first, second = (metrics.fid.moments(metrics.cloud(3000, 512, seed)) for seed in (1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield _versus(
            "clean-fid's distance / ours, 512 wide",
            lambda: frechet_distance(*first, *second),
            lambda: metrics.fid.frechet_distance(*first, *second),
            repeats,
        )


def _versus(
    what: str, theirs: Callable[[], object], ours: Callable[[], object], repeats: int
) -> Line:
    pairs = []
    for _ in range(repeats):
        (clock, processor), (own_clock, own_processor) = (
            metrics.seconds(work, 1) for work in (theirs, ours)
        )
        pairs.append((processor / own_processor, clock / own_clock))
    return Line(what, *end_to_end.median(pairs))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--images", type=int, default=64, help="of the whole runs")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    lines = [
        *whole_runs(options.images, options.repeats),
        *rows_of_calls(),
        *libraries(options.repeats),
    ]
    threads = torch.get_num_threads()
    title = (
        f"Ratios on {os.cpu_count()} processors, {threads} threads, load {os.getloadavg()[0]:.1f}"
    )
    header = ["comparison", "processor", "clock"]
    cells = [
        [line.what, f"{line.processor:.2f}", "" if line.clock is None else f"{line.clock:.2f}"]
        for line in lines
    ]
    print(f"{title}\n")
    for row in [header, *cells]:
        print(f"{row[0]:48}{row[1]:>10}{row[2]:>8}")


if __name__ == "__main__":
    main()
