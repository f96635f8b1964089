"""FID: the distance between generated and real images as two clouds of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdd_bench.types import Definition, Features, Floats, Images, Metric

from . import _onnx


@dataclass(frozen=True, slots=True)
class FrechetDistance:
    """Frechet distance between two Gaussians fitted to features (Heusel et al., 2017)."""

    weight: str
    """Network whose first output is the embedding (N, d)."""
    definitions: tuple[Definition, ...]

    def features(self, images: Images) -> Features:
        """Embeddings (N, d)."""
        return _onnx.outputs(self.weight, images)[0]

    def distance(self, features: Features, reference: Features) -> float:
        """The distance; NaN for fewer than two images."""
        if min(len(features), len(reference)) < 2:
            return float("nan")
        return frechet_distance(*moments(features), *moments(reference))


def moments(features: Features) -> tuple[Floats, Floats]:
    """Mean (d,) and covariance (d, d), divisor N - 1, in float64."""
    wide = features.astype(np.float64)
    return wide.mean(axis=0), np.atleast_2d(np.cov(wide, rowvar=False))


def frechet_distance(mean1: Floats, cov1: Floats, mean2: Floats, cov2: Floats) -> float:
    """|m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2)), by symmetric eigenvalues.

    The eigenvalues of S1^(1/2) S2 S1^(1/2) are those of S1 S2, real and not negative; no complex
    matrix root is needed and rank-deficient covariances do no harm.
    """
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * _roots(values)) @ vectors.T
    cross = _roots(np.linalg.eigvalsh(root @ cov2 @ root)).sum()
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross)


def _roots(eigenvalues: Floats) -> Floats:
    """Square roots, 0 where an eigenvalue is 0 but for rounding: a root would magnify that."""
    noise = eigenvalues.max() * len(eigenvalues) * np.finfo(np.float64).eps
    roots: Floats = np.sqrt(np.where(eigenvalues > noise, eigenvalues, 0))
    return roots


PLUGINS: tuple[Metric, ...] = (
    FrechetDistance(
        weight="miniature/judges/features.onnx",
        definitions=(
            Definition(
                name="fid/miniature",
                better="lower",
                tolerance=1.0,
                source="Heusel et al., 2017, over the miniature's feature network",
            ),
        ),
    ),
)
