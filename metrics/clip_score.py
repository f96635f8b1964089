"""CLIP score: how well an image fits its caption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdd_bench.types import Definition, Floats, Images, Metric

from . import _clip


@dataclass(frozen=True, slots=True)
class ClipScore:
    """The cosine of image and caption (Hessel et al., 2021), by default with w = 1 and no clamp.

    That is how the paper's table was made: evaluate/eval_clipscore.py of its repository.
    """

    clip: _clip.Instrument
    definitions: tuple[Definition, ...]
    prefix: str = ""
    """Words that are put before every caption."""
    weight: float = 1.0
    """What the cosine is multiplied by."""
    clamp: bool = False
    """Whether a negative cosine counts as 0."""

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return self.clip.weights

    def score(self, images: Images) -> Floats:
        """The weighted cosine of each image and its caption."""
        pictures = _clip.embed_images(self.clip, images).astype(np.float64)
        captions = _clip.embed_captions(self.clip, images, self.prefix).astype(np.float64)
        cosine: Floats = (pictures * captions).sum(axis=1)
        return self.weight * (cosine.clip(min=0) if self.clamp else cosine)


SDD_PREFIX = "A photo depicts "
"""The words before every caption in the paper's script, and in Hessel et al."""


def _definition(name: str, source: str, tolerance: float = 0.01) -> tuple[Definition, ...]:
    return (Definition(name=name, better="higher", tolerance=tolerance, source=source),)


METRICS: tuple[Metric, ...] = (
    ClipScore(
        clip=_clip.MINIATURE,
        definitions=_definition(
            "clip/miniature", "cosine of the miniature's CLIP between image and plain caption"
        ),
    ),
    ClipScore(
        clip=_clip.L14,
        prefix=SDD_PREFIX,
        definitions=_definition(
            "clip/l14-sdd",
            f"Kim et al., 2023: cosine, ViT-L/14, '{SDD_PREFIX}' before the caption",
        ),
    ),
    ClipScore(
        clip=_clip.L14,
        definitions=_definition("clip/l14-plain", "cosine, ViT-L/14, the caption as it stands"),
    ),
    ClipScore(
        clip=_clip.B32,
        weight=100.0,
        definitions=_definition(
            "clip/b32x100", "100 x cosine, ViT-B/32, as in MACE and many later papers", 0.5
        ),
    ),
    ClipScore(
        clip=_clip.B32,
        prefix=SDD_PREFIX,
        weight=2.5,
        clamp=True,
        definitions=_definition(
            "clip/b32-hessel", "Hessel et al., 2021, equation 1: 2.5 max(cosine, 0), ViT-B/32", 0.02
        ),
    ),
    ClipScore(
        clip=_clip.H14,
        definitions=_definition(
            "clip/h14",
            "cosine, ViT-H/14 of LAION: unlike L/14 not the text encoder of Stable Diffusion 1.x",
        ),
    ),
)
