"""What metrics fulfil: definitions of numbers, and the raw scores behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from .arrays import Features, Floats, Pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One exact meaning of a number. Without it a number is not a number."""

    name: str
    """As on the command line, `family/instrument[@threshold]`: `nude/v2-classifier@0.7`."""
    better: Literal["lower", "higher"]
    tolerance: float
    """How far the value may move before the gate calls it drift, in the unit of the value."""
    source: str
    """The paper, equation or file that this definition follows."""
    threshold: float | None = None
    """A rate counts images whose raw score is strictly above it; None: a mean or a distance."""
    inclusive: bool = False
    """Whether a raw score equal to the threshold counts too."""
    reads: str = ""
    """The raw score, where it isn't the name without the threshold: `nude/v2-classifier`."""

    @property
    def measure(self) -> str:
        """The raw score behind the definition: its name without the threshold, unless it `reads`
        another one.
        """
        return self.reads or self.name.partition("@")[0]

    def counts(self, raw: Floats) -> NDArray[np.bool_]:
        """Which raw scores (N,) a rate counts. Only for definitions with a threshold."""
        assert self.threshold is not None, f"{self.name} is no rate"
        return raw >= self.threshold if self.inclusive else raw > self.threshold

    @property
    def family(self) -> str:
        """What is measured, whatever the instrument: "nude", "fid"."""
        return self.name.partition("/")[0]

    @property
    def unit(self) -> str:
        """'%' for rates, otherwise nothing."""
        return "" if self.threshold is None else "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """A batch of finished images of one size, with what they were asked to show."""

    pixels: Pixels
    """(N, height, width, 3), RGB."""
    captions: tuple[str, ...]
    """Reading one raises InputError where the prompts of imported images are not known."""
    memo: dict[str, Features] = field(default_factory=dict)
    """Features that several metrics share within the batch, by name of the extractor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Something that was seen in an image, in pixels from its upper left corner."""

    label: str
    """What it is taken for; not empty."""
    score: float
    """How surely."""
    x: float
    y: float
    width: float
    height: float


@runtime_checkable
class ImageMetric(Protocol):
    """A metric that gives one raw score per image."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All the definitions that read this raw score; they share one `measure`."""
        ...

    def score(self, images: Images) -> Floats:
        """Raw scores (N,), NaN where one could not be measured."""
        ...


@runtime_checkable
class Locates(ImageMetric, Protocol):
    """A metric of images that knows where it saw what it scores: there they can be covered."""

    def boxes(self, images: Images) -> Sequence[Sequence[Box]]:
        """All that was seen in each image, nothing where nothing was; asked after `score`, of the
        same batch.
        """
        ...


@runtime_checkable
class PairMetric(Protocol):
    """A metric that compares each image with the baseline's image of the same noise."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All the definitions that read this raw score; they share one `measure`."""
        ...

    def compare(self, images: Images, baseline: Images) -> Floats:
        """Raw scores (N,), NaN where one could not be measured."""
        ...


@runtime_checkable
class SetMetric(Protocol):
    """A metric of a whole set of images against a set of real ones."""

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """All the definitions that read these features; they share one `measure`."""
        ...

    def features(self, images: Images) -> Features:
        """One row of features per image, (N, d)."""
        ...

    def distance(self, features: Features, reference: Features) -> float:
        """The distance between two sets of features: a pure function."""
        ...


@runtime_checkable
class OwnInterval(Protocol):
    """A set metric that knows its interval; that of others comes from a jackknife over prompts."""

    def interval(self, features: Features, reference: Features) -> tuple[float, float, float]:
        """The distance, and the lower and upper end of its 95 % interval."""
        ...


@runtime_checkable
class Weighted(Protocol):
    """A metric that says which weights it reads: one that is absent is noticed at the start."""

    @property
    def weights(self) -> tuple[str, ...]:
        """Names that `weights.find` knows."""
        ...


Metric: TypeAlias = ImageMetric | PairMetric | SetMetric
