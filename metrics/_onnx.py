"""Networks in ONNX form, loaded once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from sdd_bench.errors import InputError
from sdd_bench.weights import store

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from sdd_bench.types import Features, Images, Pixels


@functools.cache
def session(weight: str) -> InferenceSession:
    """The verified network of that name. Raises MissingError."""
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(store.find(weight)), providers=onnxruntime.get_available_providers()
    )


def outputs(weight: str, images: Images, pixels: Pixels | None = None) -> list[Features]:
    """All outputs of a network for NHWC RGB scaled to [0, 1], computed once per batch.

    `pixels` replaces the batch's own where the network takes another size.
    """
    network = session(weight)
    _check_size(weight, network, images.pixels if pixels is None else pixels)
    names = [f"{weight}/{output.name}" for output in network.get_outputs()]
    if names[0] not in images.memo:
        scaled = (images.pixels if pixels is None else pixels).astype(np.float32) / np.float32(255)
        results = network.run(None, {network.get_inputs()[0].name: scaled})
        images.memo.update(zip(names, results, strict=True))
    return [images.memo[name] for name in names]


def _check_size(weight: str, network: InferenceSession, pixels: Pixels) -> None:
    """Raise InputError for pictures of another size than the network is made for."""
    taken = tuple(network.get_inputs()[0].shape[1:3])
    given = pixels.shape[1:3]
    # A dimension of any length has a name instead of a number.
    if any(isinstance(side, int) and side != had for side, had in zip(taken, given, strict=True)):
        raise InputError(
            f"{weight} judges pictures of {taken[1]}x{taken[0]}, and these are "
            f"{given[1]}x{given[0]}: use a metric for any size, or pictures of that size"
        )
