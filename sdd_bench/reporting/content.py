"""From run folders to what the page says of runs: prompts, rows, raw scores, pairs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from sdd_bench.analysis import table
from sdd_bench.analysis.comparison import paired_images
from sdd_bench.analysis.values import Scored
from sdd_bench.registry import Registry
from sdd_bench.runs.lookup import label
from sdd_bench.runs.run import Facts, Run, stems_of
from sdd_bench.runs.scores import KEYS
from sdd_bench.scoring.definitions import definitions_of
from sdd_bench.types import Definition, Metric, PairMetric, SetMetric

from .payload import (
    Instrument,
    Number,
    Pair,
    Pictures,
    PromptText,
    Rows,
    RunPart,
    Samples,
    SuitePart,
)

T = TypeVar("T", bound=Hashable)

NOISE = 8
"""Digits of a hash of noise that tell two apart."""


@dataclass(frozen=True, slots=True)
class Source:
    """A run, read once."""

    run: Run
    facts: Facts
    scored: Scored
    definitions: Sequence[Definition]
    stems: Sequence[str]
    """The names of the images of its rows."""

    @classmethod
    def of(cls, run: Run, plugins: Registry) -> Source:
        """What lies in one run folder."""
        scored = Scored.of(run)
        return cls(run, run.facts(), scored, definitions_of(run, plugins), stems_of(scored.scores))

    @property
    def place(self) -> tuple[str, str, str]:
        """Model, suite, and hash of its prompts: runs that share them have the same images."""
        return self.run.spec.model, self.run.spec.suite, self.run.spec.suite_hash


# --- definitions --------------------------------------------------------------------------------


def instruments(sources: Sequence[Source], plugins: Registry) -> list[Instrument]:
    """Every definition that any run has values of, in the order of their first appearance."""
    known = plugins.definitions()
    names = dict.fromkeys(item.name for source in sources for item in source.definitions)
    return [_instrument(*known[name]) for name in names]


def _instrument(item: Definition, metric: Metric) -> Instrument:
    return Instrument(
        name=item.name,
        measure=item.measure,
        family=item.family,
        instrument=item.name.partition("/")[2].partition("@")[0],
        threshold=item.threshold,
        inclusive=item.inclusive,
        better=item.better,
        unit=item.unit,
        source=item.source,
        kind="set"
        if isinstance(metric, SetMetric)
        else "pair"
        if isinstance(metric, PairMetric)
        else "image",
    )


# --- suites -------------------------------------------------------------------------------------


class Places(dict[T, int]):
    """Things by their place in a list: a new one gets the next."""

    def __missing__(self, key: T) -> int:
        self[key] = len(self)
        return self[key]


@dataclass
class _Suite:
    """A suite that is being put together from the rows of runs."""

    prompts: Places[tuple[str, str, str]] = field(default_factory=Places)
    """By id, text and group: what is stored may have two texts for one id."""
    samples: Places[tuple[int, int, int]] = field(default_factory=Places)
    """By prompt, k and seed."""

    def rows(self, scores: pd.DataFrame) -> list[int]:
        """The sample of each row."""
        columns = (scores[key] for key in ("prompt_id", "prompt", "group", "k", "seed"))
        return [
            self.samples[self.prompts[str(key), _text(prompt), _text(group)], int(k), int(seed)]
            for key, prompt, group, k, seed in zip(*columns, strict=True)
        ]


def _text(content: object) -> str:
    """A cell of text; nothing for one that is empty."""
    return content if isinstance(content, str) else ""


def suites(sources: Sequence[Source]) -> tuple[list[SuitePart], list[int], list[list[int]]]:
    """The suites, and of each run its suite and the sample of each row."""
    names = table.suite_names([source.run for source in sources])
    places: Places[tuple[str, str, str]] = Places()
    made: list[_Suite] = []
    suite_of, sample_of = [], []
    for source in sources:
        place = places[source.place]
        if place == len(made):
            made.append(_Suite())
        suite_of.append(place)
        sample_of.append(made[place].rows(source.scored.scores))
    parts = [
        _part(suite, model, name, names[name, prompts])
        for suite, (model, name, prompts) in zip(made, places, strict=True)
    ]
    return parts, suite_of, sample_of


def _part(suite: _Suite, model: str, name: str, shown: str) -> SuitePart:
    groups = {group for *_, joined in suite.prompts for group in joined.split(", ") if group}
    return SuitePart(
        model=model,
        suite=name,
        label=shown,
        groups=sorted(groups),
        prompts=[PromptText(id=key, text=text, group=group) for key, text, group in suite.prompts],
        samples=Samples(
            prompt=[prompt for prompt, _, _ in suite.samples],
            k=[k for _, k, _ in suite.samples],
            seed=[str(seed) for _, _, seed in suite.samples],
        ),
    )


# --- runs ---------------------------------------------------------------------------------------


def labels(sources: Sequence[Source]) -> list[str]:
    """What each run is called in the first column of a table of them all."""
    rows = table.abouts([source.run for source in sources])
    return table.labels(pd.DataFrame(rows)) if rows else []


def run_part(source: Source, shown: str, suite: int, samples: list[int]) -> RunPart:
    """A run with its rows and raw scores, and without pictures and warnings so far."""
    spec, facts, scored = source.run.spec, source.facts, source.scored
    scores = scored.scores
    settings: dict[str, object] = {
        **asdict(spec.settings),
        "numerics": spec.numerics,
        "parameters": spec.parameters,
        "checkpoint": spec.checkpoint,
        "model_hash": spec.model_hash,
        "suite_hash": spec.suite_hash,
    }
    return RunPart(
        digest=spec.digest,
        label=shown,
        folder=label(source.run),
        model=spec.model,
        suite=suite,
        method=spec.method,
        concepts=list(spec.concepts),
        baseline=spec.undefended,
        imported=spec.imported,
        discarded=facts.discarded,
        images=facts.images,
        started=facts.started,
        finished=facts.finished,
        truncated=facts.truncated_prompts,
        settings=settings,
        provenance=facts.provenance,
        warnings=[],
        definitions=[item.name for item in source.definitions],
        rows=Rows(
            sample=samples,
            fault=[_text(fault) for fault in scores["fault"]],
            noise=[_text(noise)[:NOISE] for noise in scores["noise_hash"]],
        ),
        scores={
            name: [float(raw) for raw in scores[name]]
            for name in scores.columns
            if name not in KEYS
        },
        sets={name: number(asdict(value)) for name, value in scored.sets.items()},
        failed={measure: each.reason for measure, each in scored.failed.items()},
        pictures=Pictures(block=[], index=[], blurred=[], why=[]),
        files=[],
    )


def number(row: Mapping[Any, Any]) -> Number:
    """The value in a row of a tidy table."""
    return Number(**{each.name: row[each.name] for each in fields(Number)})


# --- pairs --------------------------------------------------------------------------------------


def pairs(sources: Sequence[Source]) -> list[Pair]:
    """The images of each run that the undefended model has too, of the same noise."""
    made = []
    for place, source in enumerate(sources):
        if source.run.spec.undefended:
            continue
        found = [_pair(place, source, *each) for each in undefended(sources, source)]
        best = max(found, key=lambda pair: len(pair.rows[0]), default=None)
        if best is not None and best.rows[0]:
            made.append(best)
    return made


def undefended(sources: Sequence[Source], other: Source) -> list[tuple[int, Source]]:
    """The runs of the undefended model by that model on that suite; one whose settings are the
    same comes first.
    """
    found = [
        (at, each)
        for at, each in enumerate(sources)
        if each.run.spec.undefended and each.place == other.place
    ]
    return sorted(found, key=lambda item: not item[1].run.spec.undefended_twin_of(other.run.spec))


def _pair(place: int, source: Source, at: int, baseline: Source) -> Pair:
    ours, theirs = paired_images(
        source.run, baseline.run, source.scored.scores, baseline.scored.scores
    )[0]
    return Pair(run=place, baseline=at, rows=(_integers(ours), _integers(theirs)))


def _integers(rows: np.ndarray[Any, Any]) -> list[int]:
    return [int(row) for row in rows]
