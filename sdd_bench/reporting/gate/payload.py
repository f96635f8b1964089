"""What the page of a gate knows: one JSON document, as that of a report (`reporting.payload`)."""

from __future__ import annotations

from dataclasses import dataclass

from sdd_bench.gating.history import Held
from sdd_bench.gating.outcome import CheckResult
from sdd_bench.reporting.payload import Pictures

VERSION = 1
"""Of the layout below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """The pictures on one side of the flips of a run; the page's scripts call it a run."""

    label: str
    """`before` or `now`."""
    pictures: Pictures
    """By the row that flips name."""
    files: list[str]
    """Empty for each row: there are no files beside this page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one definition says of an image, which it said otherwise of."""

    check: int
    """Place among the checks."""
    counts: bool
    """Whether it counts now, and didn't."""
    before: float
    """The raw score, NaN where the results of the baseline are not there."""
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipPart:
    """An image that some definition says otherwise of. Its texts are the user's."""

    run: str
    prompt: str
    """The id."""
    text: str
    group: str
    k: int
    seed: str
    """As text: it has 63 bits and JavaScript's numbers 53."""
    changes: list[Change]
    before: int
    """Place of the album."""
    now: int
    row: int
    """Its row in both."""
    same: bool
    """Whether both pictures are known to be one, so that a judge has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePayload:
    """All of it."""

    version: int
    title: str
    made: str
    """UTC, ISO 8601."""
    sdd_bench: str
    passes: bool
    images: bool
    """Whether pictures were asked for."""
    notes: list[str]
    """Sentences about all of it, such as which pictures are not there."""
    thumbnails: str
    """How large and how good pictures are; empty where there are none."""
    checks: list[CheckResult]
    flips: list[FlipPart]
    runs: list[Pictured]
    history: list[Held]
    """The gates before, the first one first, and this one."""
