"""How often a nominal 95 % interval of a rate covers the true one: 50 prompts x 100 images.

    python -m benchmarks.coverage [--runs 4000] [--clusters 50] [--images 100]

Each prompt has a rate of its own from a beta distribution around the true one, so that images of
one prompt correlate by ICC. Compared are the interval of `cluster_interval`, Wilson's over all
images, and the plain percentile bootstrap over prompts. Rates are those of the paper's tables.
"""

from __future__ import annotations

import argparse

import numpy as np

from sdd_bench.statistics.intervals import cluster_interval, wilson
from sdd_bench.types import Floats

ICC = (0.02, 0.1)
RATES = (0.0168, 0.043, 0.1432, 0.433, 0.7418)


def draw(rng: np.random.Generator, rate: float, icc: float, clusters: int, images: int) -> Floats:
    """Verdicts, 0 or 1, (clusters x images,)."""
    spread = (1 - icc) / icc
    own = rng.beta(rate * spread, (1 - rate) * spread, size=clusters)
    return (rng.random((clusters, images)) < own[:, None]).astype(np.float64).ravel()


def percentile(values: Floats, clusters: int, rng: np.random.Generator) -> tuple[float, float]:
    """The percentile interval of 1000 bootstrap replicates over clusters of one size."""
    means = values.reshape(clusters, -1).mean(axis=1)
    replicates = means[rng.integers(clusters, size=(1000, clusters))].mean(axis=1)
    low, high = np.quantile(replicates, [0.025, 0.975])
    return float(low), float(high)


def coverage(
    rate: float, icc: float, *, runs: int, clusters: int = 50, images: int = 100, seed: int = 0
) -> dict[str, float]:
    """The fraction of `runs` in which each interval covers the true rate."""
    rng = np.random.default_rng(seed)
    prompts = np.repeat(np.arange(clusters), images)
    hits = {"ours": 0, "percentile": 0, "wilson": 0}
    for _ in range(runs):
        values = draw(rng, rate, icc, clusters, images)
        ends = {
            "ours": cluster_interval(values, prompts)[1:],
            "percentile": percentile(values, clusters, rng),
            "wilson": wilson(int(values.sum()), values.size),
        }
        for name, (low, high) in ends.items():
            hits[name] += low <= rate <= high
    return {name: count / runs for name, count in hits.items()}


def main() -> None:
    """Print a line per rate and correlation."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--clusters", type=int, default=50)
    parser.add_argument("--images", type=int, default=100)
    given = parser.parse_args()
    print("  ICC   rate   ours  percentile  Wilson")
    for icc in ICC:
        for rate in RATES:
            found = coverage(
                rate, icc, runs=given.runs, clusters=given.clusters, images=given.images
            )
            print(
                f"{icc:5.2f} {rate:6.4f} {found['ours']:6.3f} {found['percentile']:11.3f} "
                f"{found['wilson']:7.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
