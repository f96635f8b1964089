"""Whether an image shows what its caption says: the thing, its colour, the place, and the like."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from sdd_bench.types import Definition, Features, Floats, Images, Metric

from . import _claims, _clip, _onnx

KINDS = ("thing", "colour", "place", "country", "sign", "artist", "figure")
"""What is looked for, each by itself."""

TEMPERATURE = 100.0
"""The factor of the cosines: CLIP's own, which its training ends at (Radford et al., 2021)."""

NAMED, UNNAMED = "a photo of ", "a photo"
"""The pair of texts: with the caption after it, and without."""


@dataclass(frozen=True, slots=True)
class Shows:
    """The judge's probability of what is least visible of all that a caption claims.

    The judge is a network that was taught by the miniature's renderer, which knows what is in its
    pictures. Captions that claim nothing are unscored.
    """

    judge: str
    """The network in ONNX form: NHWC RGB in [0, 1] to a probability of each thing."""
    words: str
    """The file with the names of these things."""
    definitions: tuple[Definition, ...]
    kind: str | None = None
    """The one kind of claims that counts; None: all."""

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return self.judge, self.words

    def score(self, images: Images) -> Floats:
        """The probability for each image, NaN where nothing of the kind is claimed."""
        reader = _reader(self.words)
        (answers,) = _onnx.outputs(self.judge, images)
        scores = np.full(len(images.captions), np.nan)
        for row, caption in enumerate(images.captions):
            claims = [each for each in reader.claims(caption) if self.kind in {None, each.kind}]
            if claims:
                scores[row] = min(_probability(answers[row], claim) for claim in claims)
        return scores


def _probability(answers: Features, claim: _claims.Claim) -> float:
    seen = float(answers[list(claim.outputs)].max())
    return seen if claim.shown else 1 - seen


@functools.cache
def _reader(words: str) -> _claims.Reader:
    return _claims.Reader(_claims.vocabulary(words))


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """The probability that an image is of its caption rather than of anything.

    softmax(100 x cosine) over "a photo of <caption>" and "a photo" (Radford et al., 2021, section
    3.1). An empty caption is unscored.
    """

    clip: _clip.Instrument
    definitions: tuple[Definition, ...]

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights that it reads."""
        return self.clip.weights

    def score(self, images: Images) -> Floats:
        """The probability for each image, NaN where the caption is empty."""
        pictures = _clip.embed_images(self.clip, images).astype(np.float64)
        named = _clip.embed_captions(self.clip, images, NAMED).astype(np.float64)
        (unnamed,) = _clip.embed_texts(self.clip, (UNNAMED,)).astype(np.float64)
        more = TEMPERATURE * ((pictures * named).sum(axis=1) - pictures @ unnamed)
        probability: Floats = 1 / (1 + np.exp(-more))
        probability[[not caption.strip() for caption in images.captions]] = np.nan
        return probability


def _definition(kind: str | None) -> Definition:
    what = f"every {kind}" if kind else "all"
    return Definition(
        name=f"shows/miniature{'-' + kind if kind else ''}@0.5",
        better="higher",
        tolerance=2.0,
        threshold=0.5,
        source=f"the miniature's judge of things sees {what} that the caption names, P > 0.5",
    )


METRICS: tuple[Metric, ...] = (
    *(
        Shows(
            judge="miniature/judges/shows.onnx",
            words="miniature/judges/shows.json",
            definitions=(_definition(kind),),
            kind=kind,
        )
        for kind in (None, *KINDS)
    ),
    ZeroShot(
        clip=_clip.L14,
        definitions=(
            Definition(
                name="shows/l14@0.5",
                better="higher",
                tolerance=2.0,
                threshold=0.5,
                source=f"ViT-L/14, softmax over '{NAMED}<caption>' and '{UNNAMED}', P > 0.5",
            ),
        ),
    ),
)
