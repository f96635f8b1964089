"""FID: the distance between generated and real images as two clouds of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdd_bench.types import Definition, Features, Floats, Metric

from . import _inception
from ._embedding import EmbeddingMetric

BLOCK = 4096
"""Rows that are widened to double precision at a time."""


@dataclass(frozen=True, slots=True)
class FrechetDistance(EmbeddingMetric):
    """Frechet distance between two Gaussians fitted to features (Heusel et al., 2017)."""

    def distance(self, features: Features, reference: Features) -> float:
        """The distance; NaN for fewer than two images."""
        return distance(features, reference)


def distance(features: Features, reference: Features) -> float:
    """The Frechet distance of two sets of features; NaN for fewer than two rows."""
    few, many = sorted((features, reference), key=len)
    if len(few) < 2:
        return float("nan")
    if len(few) >= few.shape[1]:
        return frechet_distance(*moments(few), *moments(many))
    return _low_rank_distance(few, many)


def _low_rank_distance(few: Features, many: Features) -> float:
    """The Frechet distance for fewer rows than columns, from the rows themselves.

    With S = A^T A for centered rows A / sqrt(N - 1), tr (S1 S2)^(1/2) is the nuclear norm of A B^T;
    its squares are the eigenvalues of A S2 A^T, where B has too many rows to keep.
    """
    mean1, a = _rows(few)
    if len(many) < many.shape[1]:
        mean2, b = _rows(many)
        spread = float((b**2).sum())
        cross = float(np.linalg.norm(a @ b.T, "nuc"))
    else:
        mean2, cov2 = moments(many)
        spread = float(np.trace(cov2))
        squares = np.linalg.eigvalsh(a @ cov2 @ a.T).astype(np.float64)
        cross = float(_roots(squares).sum())
    return float(((mean1 - mean2) ** 2).sum() + (a**2).sum() + spread - 2 * cross)


def _rows(features: Features) -> tuple[Floats, Floats]:
    """Mean (d,) and the centered rows over sqrt(N - 1), in float64."""
    wide = features.astype(np.float64)
    mean = wide.mean(axis=0)
    return mean, (wide - mean) / np.sqrt(len(wide) - 1)


def moments(features: Features) -> tuple[Floats, Floats]:
    """Mean (d,) and covariance (d, d), divisor N - 1, in float64; no copy of all rows is made."""
    mean = features.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((len(mean), len(mean)))
    for start in range(0, len(features), BLOCK):
        centered = features[start : start + BLOCK] - mean
        covariance += centered.T @ centered
    return mean, covariance / (len(features) - 1)


def frechet_distance(mean1: Floats, cov1: Floats, mean2: Floats, cov2: Floats) -> float:
    """The distance |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2)), by symmetric eigenvalues.

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


METRICS: tuple[Metric, ...] = (
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
    FrechetDistance(
        weight=_inception.WEIGHT,
        definitions=(
            Definition(
                name="fid/clean",
                better="lower",
                tolerance=0.5,
                source="Parmar et al., 2022: Inception-v3 after clean-fid's antialiased resize",
            ),
        ),
    ),
)
