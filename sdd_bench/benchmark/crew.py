"""How many processes share a request where nobody says how many.

A small network keeps no second thread busy: on the CPU processes of one thread make twice as many
pictures. Starting one takes seconds, so a handful of pictures stays with the process that is there.
"""

from __future__ import annotations

import os
from contextlib import suppress

from sdd_bench import models
from sdd_bench.files import ContentError
from sdd_bench.types import ModelSpec
from sdd_bench.weights import parts

from . import machine
from .request import Options

ENOUGH = 1600
"""Steps of pictures for which a process is worth its start: those of 64 pictures of 25 steps."""

SMALL = 100_000_000
"""Bytes of a U-Net's weights up to which threads wait for each other more than they compute."""

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
    with suppress(ContentError, OSError):  # which loading names
        found = parts.find(models.folder_of(model) / "unet", "diffusion_pytorch_model")
        return found is not None and sum(path.stat().st_size for path in found.paths) <= SMALL
    return False


def _on_cpu(device: str) -> bool:
    if device == "cpu":
        return True
    from sdd_bench.diffusion.loading import pick_device

    return pick_device(device).type == "cpu"
