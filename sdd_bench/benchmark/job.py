"""A request resolved: everything that it names, read once and handed down."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdd_bench.registry import Registry
from sdd_bench.types import ModelSpec, Sample, Suite

from .request import Request
from .selection import SelectedMethod

if TYPE_CHECKING:
    from sdd_bench.scoring.definitions import Measurements
    from sdd_bench.scoring.references import RealImages


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Images that the same methods lack: made together, each from the same noise for all."""

    methods: tuple[int, ...]
    """Places in the list of methods."""
    samples: tuple[Sample, ...]

    @property
    def images(self) -> int:
        """How many there are to make."""
        return len(self.methods) * len(self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteJob:
    """One suite of a job: the images that are to exist, and what they are scored with."""

    suite: Suite
    samples: tuple[Sample, ...]
    own: tuple[Sample, ...]
    """Those that this process makes and judges: all, or the part that is its shard."""
    measurements: Measurements
    reference: RealImages | None
    """What set metrics compare with."""
    part: str = ""
    """What its part is called, such as 2-of-4; empty: all images are its own."""

    @property
    def is_shard(self) -> bool:
        """Whether others are to make and judge some of the images."""
        return bool(self.part)

    def units(self, missing: Sequence[Collection[str]]) -> Iterator[Unit]:
        """The work that is left, given the stems of the images that each method lacks."""
        groups: dict[tuple[int, ...], list[Sample]] = {}
        for sample in self.own:
            lacking = tuple(i for i, stems in enumerate(missing) if sample.stem in stems)
            groups.setdefault(lacking, []).append(sample)
        for methods, samples in groups.items():
            if methods:
                yield Unit(methods=methods, samples=tuple(samples))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All of a request: model, methods, and every suite with its images and measurements."""

    request: Request
    model: ModelSpec
    methods: tuple[SelectedMethod, ...]
    suites: tuple[SuiteJob, ...]
    plugins: Registry
    """The one look at methods and metrics that the names were resolved with."""
