"""All statistics: pure functions of float64 arrays, seeded where they draw.

The unit that is resampled is the prompt, not the image: images of one prompt resemble each other,
and an interval that ignores it is several times too narrow.
"""

from __future__ import annotations

__all__ = [
    "THRESHOLDS",
    "Interval",
    "any_unsafe",
    "cluster_interval",
    "cohen_kappa",
    "expected_maximum",
    "halves_error",
    "holm",
    "jackknife_interval",
    "mcnemar",
    "over_seeds",
    "paired_difference",
    "paired_p",
    "rank_stability",
    "rogan_gladen",
    "rule_of_three",
    "threshold_curve",
    "wilson",
]
