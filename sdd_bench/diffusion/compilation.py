"""Compiled blocks: the repeated ones of a U-Net by `torch.compile`, the rest as it is written.

A compiler merges operations, so the last bits are others: it is an arithmetic of its own, and part
of a run's identity. Training never uses it, for weights say nothing of how they were computed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from sdd_bench.errors import MissingError

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

VERSIONS = 64
"""How many versions of a block there may be: each layer reads columns of its own of a text."""


def check(device: torch.device) -> None:
    """Raise MissingError where nothing can be compiled: for want of a compiler, say."""
    if not hasattr(torch.compiler, "set_stance"):
        raise MissingError(
            f"--numerics compiled needs PyTorch 2.6 or newer, and this is {torch.__version__}: "
            "leave it out, or install a newer one"
        )
    number = time.time_ns()  # so that nothing compiled before is found

    def probe(row: torch.Tensor) -> torch.Tensor:
        return row * number + 1

    try:
        torch.compile(probe, fullgraph=True)(torch.ones(8, device=device))
    except Exception as error:  # of whatever compiler there is
        reason = str(error).strip().partition("\n")[0]
        what = "a C++ compiler such as g++" if device.type == "cpu" else "Triton and a C compiler"
        raise MissingError(
            f"nothing can be compiled here for --numerics compiled ({reason:.200}): install "
            f"{what}, or leave the option out"
        ) from error


def compile_blocks(unet: UNet2DConditionModel) -> None:
    """Have the blocks compiled when they are first called. Raises MissingError for a U-Net that
    has none.
    """
    try:
        # Of one shape each: a version for all shapes would round as none of them.
        unet.compile_repeated_blocks(fullgraph=True, dynamic=False)
    except ValueError as error:
        raise MissingError(
            "this U-Net has no repeated blocks that could be compiled: leave out --numerics"
        ) from error


@contextmanager
def kept() -> Iterator[None]:
    """Within it, all versions of compiled blocks are kept: beyond a limit PyTorch would compute
    without them.
    """
    from torch._dynamo import config

    with config.patch(recompile_limit=VERSIONS):
        yield


@contextmanager
def left_out() -> Iterator[None]:
    """Within it, compiled blocks are computed as they are written."""
    if not hasattr(torch.compiler, "set_stance"):  # and so nothing is compiled
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
