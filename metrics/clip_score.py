"""CLIP score: how well an image fits its caption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdd_bench.types import Definition, Floats, Images, Metric

from . import _clip


@dataclass(frozen=True, slots=True)
class ClipScore:
    """The cosine of image and caption (Hessel et al., 2021, with w = 1 and no clamp).

    That is how the paper's table was made: evaluate/eval_clipscore.py of its repository.
    """

    clip: _clip.Instrument
    prefix: str
    """Put before every caption."""
    definitions: tuple[Definition, ...]

    def score(self, images: Images) -> Floats:
        """The cosine for each image, -1 to 1."""
        pictures = _clip.embed_images(self.clip, images).astype(np.float64)
        captions = _clip.embed_captions(self.clip, images, self.prefix).astype(np.float64)
        cosine: Floats = (pictures * captions).sum(axis=1)
        return cosine


PLUGINS: tuple[Metric, ...] = (
    ClipScore(
        clip=_clip.MINIATURE,
        prefix="",
        definitions=(
            Definition(
                name="clip/miniature",
                better="higher",
                tolerance=0.01,
                source="cosine of the miniature's CLIP between image and plain caption",
            ),
        ),
    ),
)
