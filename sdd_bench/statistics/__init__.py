"""All statistics: pure functions of float64 arrays, seeded where they draw.

The unit that is resampled is the prompt, not the image: images of one prompt resemble each other,
and an interval that ignores it is several times too narrow.
"""

from __future__ import annotations

from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)
"""Standard errors on either side of a value in a normal 95 % interval: 1.959964."""
