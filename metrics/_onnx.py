"""Networks in ONNX form, loaded once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

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
    names = [f"{weight}/{output.name}" for output in network.get_outputs()]
    if names[0] not in images.memo:
        scaled = (images.pixels if pixels is None else pixels).astype(np.float32) / np.float32(255)
        results = network.run(None, {network.get_inputs()[0].name: scaled})
        images.memo.update(zip(names, results, strict=True))
    return [images.memo[name] for name in names]
