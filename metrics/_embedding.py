"""Embeddings for the distances between sets: FID and KID read the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _inception, _onnx

if TYPE_CHECKING:
    from sdd_bench.types import Features, Images


def embed(weight: str, images: Images) -> Features:
    """Embeddings (N, d): clean-fid's for "inception", else the first output of that network."""
    if weight == _inception.WEIGHT:
        return _inception.features(images)
    return _onnx.outputs(weight, images)[0]
