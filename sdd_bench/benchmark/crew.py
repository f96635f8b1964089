"""How many processes share a request where nobody says how many.

A small network is computed in one thread, so on the CPU each core has its own process. Starting
one takes seconds: a handful of pictures stays with the process that is there.
"""

from __future__ import annotations

import os

from sdd_bench import models
from sdd_bench.types import ModelSpec

from . import machine
from .request import Options

ENOUGH = 1600
"""Steps of pictures for which a process is worth its start: those of 64 pictures of 25 steps."""

MEMORY = 1_500_000_000
"""Bytes of memory that a process is given; of a small model with its judges it takes half."""


def size(options: Options, model: ModelSpec, images: int) -> int:
    """Processes that are to make so many images of a model; 1: this one alone.

    As many as are asked for. Otherwise several only on the CPU, for a small model, without a part
    of the images of its own, and where nobody has said how many threads there are to be.
    """
    if options.workers is not None:
        return options.workers
    wanted = images * options.steps // ENOUGH
    if wanted < 2 or options.shard is not None or "OMP_NUM_THREADS" in os.environ:
        return 1
    most = min(wanted, machine.cores(), machine.memory() // MEMORY)
    return most if most > 1 and _is_small(model) and _on_cpu(options.device) else 1


def _is_small(model: ModelSpec) -> bool:
    from sdd_bench.diffusion import profile

    return profile.is_small(models.folder_of(model))


def _on_cpu(device: str) -> bool:
    if device == "cpu":
        return True
    from sdd_bench.diffusion.loading import pick_device

    return pick_device(device).type == "cpu"
