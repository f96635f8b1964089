"""What the page knows: one JSON document, whose numbers are exactly those that are stored.

Long lists are columns: entry `r` of each list of a run is about its row `r`, an image. What refers
to something else here (`suite`, `run`, `sample`, `prompt`) is its place in that list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

VERSION = 1
"""Of the layout below."""

Numbers = list[float]
"""NaN where there is none; null in JSON."""

Images = Literal["thumbnails", "none", "files"]
"""Which pictures there are: `files` are full-size ones beside the page, besides thumbnails in it.
"""

Parts = list[list[tuple[str, float]] | None]
"""What was seen in images, and how surely; null for one that was not looked at."""

Mask = Literal["", "boxes"]
"""What hides parts of pictures; it is part of their pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was asked for, and what became of the pictures."""

    images: Images
    mask: Mask
    sampled: str
    """In a sentence, which pictures are shown where not all are; else empty."""
    thumbnails: str
    """In a sentence, how large and how good thumbnails are; empty where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A definition."""

    name: str
    measure: str
    """The key of its raw scores in `Run.scores`."""
    family: str
    instrument: str
    threshold: float | None
    inclusive: bool
    """Whether a score equal to the threshold counts."""
    better: str
    unit: str
    source: str
    kind: Literal["image", "pair", "set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptText:
    """A prompt. Its text is the user's, and nothing about it is certain."""

    id: str
    text: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Images that are to exist, as columns."""

    prompt: list[int]
    k: list[int]
    seed: list[str]
    """As texts: they have 63 bits and JavaScript's numbers 53."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePart:
    """The prompts and samples that runs of one model on one suite have scores of."""

    model: str
    suite: str
    label: str
    """Its name; with a hash where another suite bears that too."""
    groups: list[str]
    """Sorted; the group of a prompt may be several of them, joined by ', '."""
    prompts: list[PromptText]
    samples: Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The images of a run that have a row of scores, as columns."""

    sample: list[int]
    """Place in the samples of the run's suite."""
    fault: list[str]
    """What is wrong with the picture, as it was found in scoring; mostly empty."""
    noise: list[str]
    """A short hash of the starting noise; empty where it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Where the picture of each row is, as columns."""

    block: list[int]
    """Number of the script element `block-N`; -1 where the page holds no thumbnail."""
    index: list[int]
    """Place in the list there."""
    blurred: list[str]
    """What is shown until it is asked for: a WebP of a few pixels in base64; empty where there is
    no thumbnail.
    """
    why: list[str]
    """Why there is no thumbnail; empty where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A value with its 95 % interval over prompts; rates in percent."""

    value: float
    low: float
    high: float
    n: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPart:
    """A run."""

    digest: str
    label: str
    """As in the first column of the tables."""
    folder: str
    """The name of its folder."""
    model: str
    suite: int
    method: str
    concepts: list[str]
    baseline: bool
    """Whether it is the undefended model."""
    imported: bool
    discarded: bool
    """Whether pictures have been removed on purpose."""
    images: int
    """How many it has when it is complete."""
    started: str
    finished: str | None
    truncated: int
    """Prompts longer than the text encoder reads."""
    settings: Mapping[str, object]
    provenance: Mapping[str, str]
    warnings: list[str]
    """Sentences."""
    definitions: list[str]
    """The names of those that it has values of, in the tables' order."""
    rows: Rows
    scores: Mapping[str, Numbers]
    """Raw scores by measure."""
    sets: Mapping[str, Number]
    """Values of sets of images by definition."""
    failed: Mapping[str, str]
    """Why a measure could not be taken of all images."""
    pictures: Pictures
    files: list[str]
    """Paths of full-size pictures beside the page, empty where there is none; with `files` only."""
    parts: Mapping[str, Parts] = field(default_factory=dict)
    """By measure what a detector saw in the image of each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Images of a run and of the undefended model that have the same prompt, seed and noise."""

    run: int
    baseline: int
    rows: tuple[list[int], list[int]]
    """Rows of either, pair by pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table: its text as `sdd-bench table` prints it, and what is behind it."""

    text: str
    run: int | None = None
    definition: str = ""
    group: str = ""
    number: Number | None = None
    """None in headings, and where there is neither a value nor a reason."""
    published: float | None = None
    verdict: str = ""
    """Of a paper's table: what ours and the published number say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as people read it; the first cell of a row is its heading."""

    name: str
    """`runs`, `group`, or that of a paper's table."""
    title: str
    notes: list[str]
    header: list[str]
    rows: list[list[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The interval of a rate at other thresholds, in percent, where it can't be computed in the
    page: that of the table is a bootstrap over more than 100 prompts.
    """

    run: int
    measure: str
    inclusive: bool
    thresholds: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupValue:
    """A value of the images of one group of prompts."""

    run: int
    definition: str
    group: str
    number: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A definition along a training, as columns."""

    model: str
    suite: str
    definition: str
    unit: str
    method: str
    role: str
    """Student or teacher."""
    iteration: list[int]
    value: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Numbers that intervals of up to `few` clusters need."""

    few: int
    """Up to so many prompts the interval is Student's; above, see `Steps`."""
    student: Numbers
    """The quantile .975 of Student's t by degrees of freedom, from 1."""
    z: float
    """That of the normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """All of it."""

    version: int
    title: str
    made: str
    """UTC, ISO 8601."""
    sdd_bench: str
    command: str
    """What was asked for."""
    options: Shown
    warnings: list[str]
    """Sentences about all of it, such as runs that could not be read."""
    definitions: list[Instrument]
    suites: list[SuitePart]
    runs: list[RunPart]
    pairs: list[Pair]
    tables: list[Table]
    groups: list[GroupValue]
    intervals: list[Steps]
    quantiles: Quantiles
    curves: list[Curve]
    matrices: list[Table]
    """One per definition of each method whose runs remove one group of a suite after another."""
