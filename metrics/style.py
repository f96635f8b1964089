"""Style: how much an image looks like the artist whom its prompt names (section 4.4)."""

from __future__ import annotations

from sdd_bench.types import Metric

from . import _clip
from ._style import MINIATURES, PAINTERS, Style, definitions

METRICS: tuple[Metric, ...] = (
    Style(
        clip=_clip.MINIATURE,
        artists=MINIATURES,
        definitions=definitions(
            "miniature", "zero-shot by the miniature's CLIP among the five artists that it draws"
        ),
    ),
    Style(
        clip=_clip.L14,
        artists=PAINTERS,
        definitions=definitions(
            "l14", "zero-shot by ViT-L/14 among 15 artists; Kim et al. show section 4.4 only"
        ),
    ),
)
