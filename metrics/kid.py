"""KID: FID's unbiased sister, the one to trust for few images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sdd_bench.types import Definition, Features, Floats, Metric

from . import _inception
from ._embedding import EmbeddingMetric

SUBSETS = 100
SIZE = 1000
SEED = 0
"""clean-fid's numbers of subsets and of images in each; unlike there, always the same ones."""

Z95 = NormalDist().inv_cdf(0.975)
"""The quantile of `sdd_bench.statistics`, which no plugin imports."""


@dataclass(frozen=True, slots=True)
class KernelDistance(EmbeddingMetric):
    """1000 x the squared MMD with the kernel (x y / d + 1)^3 (Binkowski et al., 2018)."""

    def distance(self, features: Features, reference: Features) -> float:
        """The mean over subsets, in thousandths; NaN for fewer than four images."""
        return 1000 * kid(features, reference)[0]

    def interval(self, features: Features, reference: Features) -> tuple[float, float, float]:
        """The distance and +-Z95 standard errors, from the deviation over subsets.

        A subset of m of N images is a jackknife that deletes the others: the squared error is
        the variance over subsets times m / (N - m) (Shao and Wu, 1989).
        """
        mean, deviation = (1000 * number for number in kid(features, reference))
        if math.isnan(mean):
            return mean, mean, mean
        size = subset_size(features, reference)
        error = deviation * math.sqrt(size / (len(features) - size))
        return mean, mean - Z95 * error, mean + Z95 * error


def subset_size(features: Features, reference: Features) -> int:
    """Images in a subset: 1000 as in clean-fid, or half of all where there are fewer than 2000."""
    return min(SIZE, len(features) // 2, len(reference) // 2)


def kid(features: Features, reference: Features) -> tuple[float, float]:
    """Mean and deviation of the unbiased squared MMD over SUBSETS seeded subsets; may be negative.

    NaN for fewer than four rows.
    """
    size = subset_size(features, reference)
    if size < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(SEED)
    values = [
        squared_mmd(
            features[rng.choice(len(features), size, replace=False)],
            reference[rng.choice(len(reference), size, replace=False)],
        )
        for _ in range(SUBSETS)
    ]
    return float(np.mean(values)), float(np.std(values, ddof=1))


def squared_mmd(first: Features, second: Features) -> float:
    """The unbiased estimate from m rows each: no row is compared with itself."""
    x, y = first.astype(np.float64), second.astype(np.float64)
    m = len(x)
    within = sum(kernel.sum() - np.trace(kernel) for kernel in (_kernel(x, x), _kernel(y, y)))
    return float(within / (m * (m - 1)) - 2 * _kernel(x, y).mean())


def _kernel(x: Floats, y: Floats) -> Floats:
    kernel: Floats = (x @ y.T / x.shape[1] + 1) ** 3
    return kernel


METRICS: tuple[Metric, ...] = (
    KernelDistance(
        weight="miniature/judges/features.onnx",
        definitions=(
            Definition(
                name="kid/miniature",
                better="lower",
                tolerance=1.0,
                source="1000 x KID (Binkowski et al., 2018) over the miniature's feature network",
            ),
        ),
    ),
    KernelDistance(
        weight=_inception.WEIGHT,
        definitions=(
            Definition(
                name="kid/clean",
                better="lower",
                tolerance=0.5,
                source="1000 x KID as in clean-fid, whose subsets are not seeded: 100 of 1000",
            ),
        ),
    ),
)
