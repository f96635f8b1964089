"""Embeddings for the distances between sets: FID and KID read the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import _inception, _onnx

if TYPE_CHECKING:
    from sdd_bench.types import Definition, Features, Images


@dataclass(frozen=True, slots=True)
class EmbeddingMetric:
    """A distance between two sets of embeddings, but for the distance itself."""

    weight: str
    """Network whose first output is the embedding (N, d); "inception": clean-fid's features."""
    definitions: tuple[Definition, ...]

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return (self.weight,)

    def features(self, images: Images) -> Features:
        """Embeddings (N, d): all metrics of one network share them."""
        if self.weight == _inception.WEIGHT:
            return _inception.features(images)
        return _onnx.outputs(self.weight, images)[0]
