"""The report: stored runs become one page, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from sdd_bench import files
from sdd_bench.errors import printable
from sdd_bench.formats.page import Page
from sdd_bench.provenance import stamp
from sdd_bench.registry import Registry
from sdd_bench.runs import claims
from sdd_bench.runs.run import Run
from sdd_bench.statistics import Z95
from sdd_bench.statistics.intervals import FEW

from . import bundle, content, page, sampling, tables, warnings
from .content import Source
from .document import to_json
from .gallery import Gallery, there
from .intervals import steps
from .matrices import matrices
from .payload import (
    VERSION,
    Images,
    Mask,
    Payload,
    Quantiles,
    RunPart,
    Shown,
    SuitePart,
)
from .pictures import SCALES, Blocks, Thumbnails, columns, shrink
from .sampling import Choice
from .trainings import curves

LARGEST = 25_000_000
"""Bytes of a page that shows as many pictures as it can."""

SCRIPTS = 500_000
"""Bytes of it that are kept free for its scripts and what the numbers grow by."""

LEAST = 10_000_000
"""Bytes for pictures, however many numbers there are."""


NO_RUNS = (
    "None of the runs that this table needs is there: `sdd-bench plan` says what they take, and "
    "`sdd-bench reproduce` makes them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report is asked to be."""

    runs: Sequence[Run]
    results: Path
    """The folder that they are in."""
    papers: Mapping[str, Page] = field(default_factory=dict)
    """Tables of papers with ours in them, by name."""
    images: Images = "thumbnails"
    mask: Mask = ""
    command: str = ""
    """In the words of whoever asked."""


def write(path: Path, question: Question, plugins: Registry, heard: Sequence[str] = ()) -> None:
    """Write the page, and the pictures beside it if there are to be any. `heard` is what reading
    has warned of; it may grow meanwhile. Raises InputError where nothing can be written.
    """
    beside = question.images == "files"
    with files.writing(path, "--bundle" if beside else "--out"), ExitStack() as alone:
        path.parent.mkdir(parents=True, exist_ok=True)
        if beside:  # two at once would mix their pictures: masked ones and others
            bundled = path.parent.resolve()
            alone.enter_context(claims.held(bundled, f"the bundle {path.parent}"))
        payload, blocks = _Report(question, plugins).gather(path.parent)
        said = list(dict.fromkeys(heard))
        payload = replace(payload, warnings=[*payload.warnings, *said])
        text = page.render(page.REPORT, payload.title, payload, blocks.full, beside=beside)
        files.write(path, text.encode())


class _Report:
    """A page that is being put together."""

    def __init__(self, question: Question, plugins: Registry) -> None:
        self.question, self.plugins = question, plugins
        self.sources = [Source.of(run, plugins) for run in question.runs]
        masked = bool(question.mask) and question.images != "none"
        self.galleries = [Gallery.of(source, masked=masked) for source in self.sources]
        self.suites, self.suite_of, self.samples_of = content.suites(self.sources)
        self.pairs = content.pairs(self.sources)

    def gather(self, folder: Path) -> tuple[Payload, Blocks]:
        """What the page holds; pictures beside it are written to `folder`."""
        names: list[list[str]] = [[] for _ in self.sources]
        if self.question.images == "files":
            names = bundle.names(self.galleries)
            bundle.check(folder, names)
        payload = self._numbers()
        choice, small = self._thumbnails(payload)
        if self.question.images == "files":
            bundle.write(folder, self.galleries, names)
        runs = [
            self._illustrated(at, part, small, names[at]) for at, part in enumerate(payload.runs)
        ]
        shown = replace(
            payload.options,
            sampled=choice.sentence,
            thumbnails=f"Small pictures are {small.scale}." if small.places else "",
        )
        return replace(payload, runs=runs, options=shown), small.blocks

    def _numbers(self) -> Payload:
        """All but pictures."""
        question, sources = self.question, self.sources
        of_runs, groups = tables.of_runs(question.runs, self.plugins)
        papers = [
            tables.of_paper(name, each, question.runs) for name, each in question.papers.items()
        ]
        methods = {(run.spec.model, run.spec.method) for run in question.runs}
        return Payload(
            version=VERSION,
            title=_title(self.suites),
            made=stamp(),
            sdd_bench=version("sdd-bench"),
            command=question.command,
            options=Shown(images=question.images, mask=question.mask, sampled="", thumbnails=""),
            warnings=[] if sources else [NO_RUNS],
            definitions=content.instruments(sources, self.plugins),
            suites=self.suites,
            runs=self._runs(),
            pairs=self.pairs,
            tables=[
                *papers,
                *of_runs,
                *tables.of_attacks(question.runs, self.plugins),
                *tables.of_contrasts(sources, self.plugins),
            ],
            groups=groups,
            intervals=steps(sources),
            quantiles=quantiles(),
            curves=curves(question.results, methods),
            matrices=matrices(sources, self.plugins),
        )

    def _runs(self) -> list[RunPart]:
        shown = content.labels(self.sources)
        by_run = {pair.run: pair for pair in self.pairs}
        return [
            replace(
                content.run_part(source, shown[at], self.suite_of[at], self.samples_of[at]),
                warnings=warnings.of_run(source, self.sources, by_run.get(at), self.plugins),
            )
            for at, source in enumerate(self.sources)
        ]

    def _thumbnails(self, numbers: Payload) -> tuple[Choice, Thumbnails]:
        """Which pictures are shown, and these, beside all else."""
        if self.question.images == "none":
            nothing = Thumbnails(scale=SCALES[0], blocks=Blocks(), places={}, failed={})
            return Choice(places=[], sentence=""), nothing
        spots = [
            [(suite, sample) for sample in samples]
            for suite, samples in zip(self.suite_of, self.samples_of, strict=True)
        ]
        flips = sampling.flips(self.sources, self.pairs)
        choice = sampling.choose(there(self.galleries), spots, self.suites, flips, sampling.MOST)
        budget = max(LARGEST - SCRIPTS - len(to_json(numbers)), LEAST)
        return choice, shrink(self.galleries, choice.places, budget)

    def _illustrated(self, at: int, part: RunPart, small: Thumbnails, names: list[str]) -> RunPart:
        """A run with its pictures, and what is to be said of them."""
        gallery = self.galleries[at]
        failed = {row: why for (run, row), why in small.failed.items() if run == at}
        left_out = "left out on request" if self.question.images == "none" else "not in the sample"
        found = [
            small.places.get((at, row)) or failed.get(row) or absent or left_out
            for row, absent in enumerate(gallery.absent)
        ]
        said = warnings.of_pictures(gallery, failed)
        return replace(
            part,
            pictures=columns(found),
            files=names,
            warnings=[*part.warnings, *said],
            parts=gallery.mask.columns(gallery.source.stems),
        )


def _title(suites: Sequence[SuitePart]) -> str:
    models = dict.fromkeys(suite.model for suite in suites)
    return printable(f"sdd-bench report: {', '.join(models)}" if models else "sdd-bench report")


def quantiles() -> Quantiles:
    """What the page computes intervals with."""
    from scipy.special import stdtrit

    student = [float(stdtrit(degrees, 0.975)) for degrees in range(1, FEW)]
    return Quantiles(few=FEW, student=student, z=Z95)
