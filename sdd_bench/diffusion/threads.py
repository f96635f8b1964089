"""Threads of the CPU. The last bits of a network's result depend on how many it is computed in.

A small network is computed in one, wherever it runs: so its pictures are the same on two cores and
on twenty, in one process and in several. Its tiles are computed side by side instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor


@contextmanager
def pinned(count: int | None) -> Iterator[None]:
    """Within it, networks are computed in so many threads; None: in as many as before."""
    before = torch.get_num_threads()
    if count is None or count == before:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def side_by_side(
    function: Callable[..., Tensor], tiles: Sequence[Sequence[Tensor]], threads: int | None
) -> list[Tensor]:
    """`function` of each tile, without gradients, each in so many threads. If that is one, as many
    tiles are computed at a time as there are threads.
    """
    there = torch.get_num_threads()
    with pinned(threads):
        if threads != 1 or there == 1 or len(tiles) == 1:
            return [function(*tile) for tile in tiles]

        def computed(tile: Sequence[Tensor]) -> Tensor:
            with torch.inference_mode():  # which a thread has for itself
                return function(*tile)

        return list(_pool(there).map(computed, tiles))


@lru_cache(maxsize=1)
def _pool(count: int) -> ThreadPoolExecutor:
    """So many threads, in each of which networks are computed in one."""
    return ThreadPoolExecutor(count, "tiles", initializer=torch.set_num_threads, initargs=(1,))


if hasattr(os, "register_at_fork"):  # a child made by fork has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
