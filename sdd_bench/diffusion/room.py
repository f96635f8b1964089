"""How many pictures memory has room for at a time: known by what has not fitted.

Networks are called with tiles of one shape, so a picture is the same however many are made beside
it. What doesn't fit is made in halves, down to the pictures that fill one tile.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch

from sdd_bench.errors import MissingError

from . import profile

log = logging.getLogger(__name__)


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, on a GPU or the CPU."""
    return isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


@dataclass(slots=True, eq=False)
class Room:
    """What is known of the memory of a device."""

    images: int | None = None
    """Pictures that it has room for at a time; None: as many as are asked for."""

    def shrink(self, tried: int, rows: int, device: torch.device) -> None:
        """Have room for half as many as were tried, but for no fewer than fill a tile of so many
        rows. Raises MissingError where those were too many.
        """
        least = max(1, rows // 2)
        if tried <= least:
            raise MissingError(
                f"the memory of {device} does not do for {rows} rows of the U-Net at a time: "
                f"{_remedy(rows, device)}, or end what else needs it"
            )
        self.images = max(least, tried // 2)
        log.info(
            "memory does not do for %d pictures at a time: from here on %d", tried, self.images
        )
        if device.type != profile.CPU:
            torch.cuda.empty_cache()


def _remedy(rows: int, device: torch.device) -> str:
    """What makes a tile smaller. Either is other arithmetic, and so another run."""
    if device.type == profile.CPU:
        return "give --dtype bfloat16"
    smaller = f"give --batch-size {rows // 4}" if rows >= _TWO_TILES else "take a GPU with more"
    return f"{smaller}, or --dtype float16 if it is float32"


_TWO_TILES = 4
"""Rows from which on a smaller batch has smaller tiles: its pictures with and without text."""
