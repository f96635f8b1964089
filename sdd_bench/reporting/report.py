"""The report: stored runs become one page, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from sdd_bench import files
from sdd_bench.analysis.remarks import remarks
from sdd_bench.formats.page import Page
from sdd_bench.provenance import utc_now
from sdd_bench.registry import Registry
from sdd_bench.runs.run import Run
from sdd_bench.statistics import Z95
from sdd_bench.statistics.intervals import FEW

from . import content, page, pictures, tables
from .content import Source
from .payload import VERSION, Images, Mask, Payload, Quantiles, Shown, SuitePart
from .pictures import Blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report is asked to be."""

    runs: Sequence[Run]
    papers: Mapping[str, Page] = field(default_factory=dict)
    """Tables of papers with ours in them, by name."""
    images: Images = "thumbnails"
    mask: Mask = ""
    command: str = ""
    """In the words of whoever asked."""


def write(path: Path, question: Question, plugins: Registry) -> None:
    """Write the page. Raises InputError where nothing can be written."""
    with files.writing(path, "--out"):
        path.parent.mkdir(parents=True, exist_ok=True)
        payload, blocks = gather(question, plugins)
        files.write(path, page.render(payload, blocks.full).encode())


def gather(question: Question, plugins: Registry) -> tuple[Payload, Blocks]:
    """What the page holds."""
    blocks = Blocks()
    sources = [Source.of(run, plugins) for run in question.runs]
    suites, suite_of, samples_of = content.suites(sources)
    shown = content.labels(sources)
    of_runs, groups = tables.of_runs(question.runs, plugins)
    papers = [tables.of_paper(name, each, question.runs) for name, each in question.papers.items()]
    runs = []
    for at, source in enumerate(sources):
        small = (
            pictures.nothing(len(source.scored.scores), "left out on request")
            if question.images == "none"
            else pictures.of_run(source.run, blocks)
        )
        warnings = remarks([source.run], plugins)
        runs.append(
            content.run_part(source, shown[at], suite_of[at], samples_of[at], small, [], warnings)
        )
    payload = Payload(
        version=VERSION,
        title=_title(suites),
        made=_made(),
        sdd_bench=version("sdd-bench"),
        command=question.command,
        options=Shown(images=question.images, mask=question.mask, sampled="", thumbnails=""),
        warnings=[],
        definitions=content.instruments(sources, plugins),
        suites=suites,
        runs=runs,
        pairs=content.pairs(sources),
        tables=[*of_runs, *papers],
        groups=groups,
        intervals=[],
        quantiles=quantiles(),
        curves=[],
        matrices=[],
    )
    return payload, blocks


def _title(suites: Sequence[SuitePart]) -> str:
    models = dict.fromkeys(suite.model for suite in suites)
    return f"sdd-bench report: {', '.join(models)}" if models else "sdd-bench report"


def _made() -> str:
    """Now, or the time that whoever wants the same bytes again has set."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not fixed.isdecimal():
        return utc_now()
    return datetime.fromtimestamp(int(fixed), timezone.utc).isoformat(timespec="seconds")


def quantiles() -> Quantiles:
    """What the page computes intervals with."""
    from scipy.special import stdtrit

    student = [float(stdtrit(degrees, 0.975)) for degrees in range(1, FEW)]
    return Quantiles(few=FEW, student=student, z=Z95)
