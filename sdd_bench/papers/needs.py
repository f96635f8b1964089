"""What a paper's table needs, and which stored runs have it.

Nothing here needs torch: a table that is complete is shown at once, and on any machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sdd_bench import models
from sdd_bench.analysis.values import Scored
from sdd_bench.benchmark import stored
from sdd_bench.benchmark.request import Options, Request, load_suite
from sdd_bench.errors import MissingError
from sdd_bench.registry import Registry
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run, stems_of
from sdd_bench.scoring.task import IS_BASELINE
from sdd_bench.suites import concepts, seeds
from sdd_bench.types import ModelSpec, Suite

from .published import Row, Table

PREVIEW = 10
"""A preview makes one in so many images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One row of a table on one of its suites: at most one run."""

    row: Row
    suite: str
    """The suite as the table calls it."""
    request: Request
    """The request that asks for just this run."""
    prompts: Suite | None
    """The suite with its prompts; None if they are not on this machine."""
    absent: str = ""
    """Why the prompts are not here."""

    def stems(self) -> set[str]:
        """The names of the images that the run needs."""
        return set() if self.prompts is None else set(_stems(self.prompts, self.request.seed))


@lru_cache(maxsize=8)
def _stems(suite: Suite, seed: int) -> frozenset[str]:
    """The names of a suite's images: every row of a table asks for the same few suites."""
    return frozenset(sample.stem for sample in seeds.samples(suite, seed))


@dataclass(frozen=True, slots=True)
class NeedStatus:
    """A need, and what the results folder has of it."""

    need: Need
    run: Run | None
    missing: int
    """How many images are not there."""
    scored: Scored | None = None
    """What the run has been scored with."""
    unscored: bool = False
    """Whether any of its images lacks a score that the table shows."""

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return self.run is not None and not self.missing and not self.unscored


def needs_of(
    table: Table,
    options: Options,
    *,
    brought: Mapping[str, str] = {},
    preview: bool = False,
) -> list[Need]:
    """All runs of a table, row by row, with these options.

    `brought` says where the prompts of suites are that are not shipped. Raises InputError.
    """
    spec = models.find(options.model)
    world = models.judged_as(spec.name).name
    loaded: dict[str, tuple[Request, Suite | None, str]] = {}
    for name in table.suites:
        definitions = tuple(
            column.definitions[world]
            for column in table.columns
            if column.suite == name and world in column.definitions
        )
        per_prompt = table.images_per_prompt.get(world, {}).get(name)
        of_suite = replace(
            options,
            metrics=definitions,
            images_per_prompt=options.images_per_prompt or per_prompt,
        )
        source = f"{name}={brought[name]}" if name in brought else name
        request = of_suite.request(methods=(), suites=(source,))
        loaded[name] = _loaded(request, spec, preview=preview)
    return [
        Need(
            row=row,
            suite=name,
            request=replace(
                request,
                methods=(row.method,),
                concepts=concepts.find(row.concepts) if row.concepts else (),
                recipe=options.recipe or row.recipe,
            ),
            prompts=prompts,
            absent=absent,
        )
        for row in table.rows
        if row.method is not None
        for name, (request, prompts, absent) in loaded.items()
    ]


def _loaded(
    request: Request, spec: ModelSpec, *, preview: bool
) -> tuple[Request, Suite | None, str]:
    """The request with a preview's share of images, and its suite, or why there is none."""
    try:
        suite = load_suite(request.suites[0], spec, request)
    except MissingError as error:
        return request, None, str(error)
    if not preview:
        return request, suite, ""
    # Rather fewer images of every prompt than fewer prompts: the prompts are what varies most.
    if suite.images_per_prompt >= PREVIEW:
        request = replace(request, images_per_prompt=suite.images_per_prompt // PREVIEW)
    else:
        request = replace(request, limit=math.ceil(len(suite.prompts) / PREVIEW))
    return request, load_suite(request.suites[0], spec, request), ""


# --- what is there ------------------------------------------------------------------------------


def states_of(needed: Iterable[Need], results_dir: Path, plugins: Registry) -> list[NeedStatus]:
    """The status of each need in the results folder, in the same order."""
    runs = lookup.find(results_dir)
    measures = {name: item.measure for name, (item, _) in plugins.definitions().items()}
    return [_state(need, runs, measures, plugins) for need in needed]


def _state(
    need: Need, runs: Sequence[Run], measures: Mapping[str, str], plugins: Registry
) -> NeedStatus:
    stems = need.stems()
    run = stored.find(need.request, need.prompts, runs, plugins) if need.prompts else None
    if run is None:
        return NeedStatus(need, None, len(stems))
    scored = Scored.of(run)
    unscored = not _speaks_of(scored, stems, need.request.metrics, measures)
    return NeedStatus(need, run, len(stems - run.stored()), scored, unscored)


def _speaks_of(
    scored: Scored, stems: set[str], definitions: Sequence[str], measures: Mapping[str, str]
) -> bool:
    """Whether all definitions, whose measures are given, have seen all images without failing."""
    scores, sets = scored.scores, scored.sets
    scores = scores[(scores["image_hash"] != "") | (scores["fault"] != "")]
    expected = [
        name for name in definitions if name not in sets or sets[name].reason != IS_BASELINE
    ]
    if not expected:
        return True
    return stems <= set(stems_of(scores)) and all(
        (name in sets and sets[name].n == len(scored.scores))
        or (measures.get(name) in scores.columns and measures.get(name) not in scored.failed)
        for name in expected
    )
