"""Toy metrics, whose scores are known beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sdd_bench.scoring.batches import TILE
from sdd_bench.types import Box, Definition, Features, Floats, Images, Pixels
from support.definitions import define


@dataclass
class Brightness:
    """Mean of each image; remembers the batches it saw."""

    definitions: tuple[Definition, ...] = (define("toy/brightness"),)
    seen: list[Pixels] = field(default_factory=list)
    captions: list[tuple[str, ...]] = field(default_factory=list)

    def score(self, images: Images) -> Floats:
        self.seen.append(images.pixels)
        self.captions.append(images.captions)
        return np.array([pixels.mean() for pixels in images.pixels])


@dataclass
class Contrast(Brightness):
    definitions: tuple[Definition, ...] = (define("toy/contrast"),)

    def score(self, images: Images) -> Floats:
        super().score(images)
        return np.array([pixels.std() for pixels in images.pixels])


@dataclass
class Spotter:
    """How bright the brightest pixel of each image is, and where that is."""

    definitions: tuple[Definition, ...] = (define("toy/spotter"),)
    asked: int = 0

    def score(self, images: Images) -> Floats:
        self.asked += 1
        return np.array([float(pixels.max()) for pixels in images.pixels])

    def boxes(self, images: Images) -> list[list[Box]]:
        return [[spot(pixels)] for pixels in images.pixels]


def spot(pixels: Pixels) -> Box:
    """The brightest pixel of an image."""
    sums = pixels.sum(axis=2)
    y, x = divmod(int(sums.argmax()), pixels.shape[1])
    return Box(label="spot", score=float(pixels.max()), x=x, y=y, width=1, height=1)


@dataclass
class Unlike:
    """Mean difference to the baseline."""

    definitions: tuple[Definition, ...] = (define("toy/unlike"),)

    def compare(self, images: Images, baseline: Images) -> Floats:
        pairs = zip(images.pixels.astype(float), baseline.pixels, strict=True)
        return np.array([np.abs(one - other).mean() for one, other in pairs])


@dataclass
class Means:
    """Distance of the mean colours."""

    definitions: tuple[Definition, ...] = (define("toy/means"),)
    seen: list[int] = field(default_factory=list)

    def features(self, images: Images) -> Features:
        self.seen.append(len(images.pixels))
        return np.array([p.mean((0, 1)) for p in images.pixels], dtype=np.float32)

    def distance(self, features: Features, reference: Features) -> float:
        return float(np.abs(features.mean(0) - reference.mean(0)).sum())


@dataclass(frozen=True)
class Wrong:
    """One score, or one row of features, too few for what it was given."""

    definitions: tuple[Definition, ...] = (define("toy/wrong"),)
    answer: object = field(default_factory=lambda: np.zeros(TILE - 1))


class WrongScore(Wrong):
    def score(self, images: Images) -> Floats:
        return self.answer  # type: ignore[return-value]


class WrongPair(Wrong):
    def compare(self, images: Images, baseline: Images) -> Floats:
        return self.answer  # type: ignore[return-value]


class WrongSet(Wrong):
    def features(self, images: Images) -> Features:
        return self.answer  # type: ignore[return-value]

    def distance(self, features: Features, reference: Features) -> float:
        return 0.0
