"""Images in batches of one fixed size, so that a score never depends on those scored beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sdd_bench.errors import SDDBenchError
from sdd_bench.types import Features, Images, Pixels, SetMetric

TILE = 50
"""Images that a metric sees at once; the last batch is filled up."""


def tiles(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows, up to TILE at a time."""
    for start in range(0, len(rows), TILE):
        yield rows[start : start + TILE]


def batch(pixels: Sequence[Pixels], captions: Sequence[str]) -> Images:
    """Up to TILE images of one size, filled up to TILE with copies of the last."""
    extra = TILE - len(pixels)
    return Images(
        pixels=np.stack([*pixels, *[pixels[-1]] * extra]),
        captions=(*captions, *[captions[-1]] * extra),
    )


def features(metric: SetMetric, images: Images) -> Features:
    """Features of a batch, if there is one row for each image. Raises SDDBenchError."""
    rows = metric.features(images)
    if np.ndim(rows) != 2 or len(rows) != len(images.pixels):
        raise SDDBenchError(
            f"the metric '{metric.definitions[0].measure}' gave features of shape "
            f"{np.shape(rows)} for {len(images.pixels)} images"
        )
    return rows
