"""The page of a gate, written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from sdd_bench import files
from sdd_bench.errors import printable
from sdd_bench.gating.gate import GateReport
from sdd_bench.registry import Registry
from sdd_bench.reporting import page
from sdd_bench.reporting.document import to_json
from sdd_bench.reporting.pictures import Blocks
from sdd_bench.reporting.report import LARGEST, LEAST, SCRIPTS
from sdd_bench.runs.run import Run

from . import flips, payload, pictures
from .flips import Flipped
from .payload import GatePayload
from .shelf import Shelf

LOOK = page.Look(
    styles=("style.css", "pictures.css", "charts.css", "gate.css"),
    scripts=(
        "vendor/htm-preact.js", "text.js", "document.js", "pictures.js", "frames.js", "fields.js",
        "charts.js", "drift.js", "flips.js", "history.js", "gate.js",
    ),
)  # fmt: skip

FIRST = "First baseline: there was nothing to hold the results to"

UNPAIRED = (
    "Not all images of {runs} start from the noise that they started from in the baseline, so it "
    "is not known which flipped."
)

NO_BEFORE = (
    "The picture of before is not there for {lacking} of {all} images: a baseline holds hashes, no "
    "pictures. Give the results that it was made from as --before FOLDER."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the page of a gate is asked to be."""

    report: GateReport
    now: Sequence[Run]
    """The runs that were judged."""
    before: Sequence[Run] = ()
    """Runs that may be those which the baseline was made from."""
    images: bool = True
    made: str = ""
    """UTC, ISO 8601."""


def write(path: Path, question: Question, plugins: Registry) -> None:
    """Write the page. Raises InputError where nothing can be written."""
    with files.writing(path, "--report"):
        path.parent.mkdir(parents=True, exist_ok=True)
        content, blocks = _gather(question, plugins)
        text = page.render(LOOK, content.title, content, blocks.full)
        files.write(path, text.encode())


def _gather(question: Question, plugins: Registry) -> tuple[GatePayload, Blocks]:
    """What the page holds."""
    shelf = Shelf(question.before, question.now, plugins)
    flipped = flips.gather(question.report.runs, shelf)
    content = _numbers(question, flipped)
    budget = max(LARGEST - SCRIPTS - len(to_json(content)), LEAST)
    small = pictures.Small.of(flipped, budget) if question.images else None
    albums = [album for each in flipped for album in pictures.albums(each, small)]
    if small is None:
        return replace(content, runs=albums), Blocks()
    return replace(content, runs=albums, thumbnails=small.sentence), small.shown.blocks


def _numbers(question: Question, flipped: Sequence[Flipped]) -> GatePayload:
    """All but pictures."""
    report = question.report
    return GatePayload(
        version=payload.VERSION,
        title=printable(report.page.title if report.page else FIRST),
        made=question.made,
        sdd_bench=version("sdd-bench"),
        passes=report.passes,
        images=question.images,
        notes=_notes(question, flipped),
        thumbnails="",
        checks=list(report.checks),
        flips=[part for each in flipped for part in each.parts],
        runs=[],
        history=list(report.history),
    )


def _notes(question: Question, flipped: Sequence[Flipped]) -> list[str]:
    sides = [before for each in flipped for before, _ in each.sides]
    lacking, notes = sum(before.album is None for before in sides), []
    if lacking and question.images:
        notes.append(NO_BEFORE.format(lacking=lacking, all=len(sides)))
    unpaired = [
        run.pair.old.name
        for run in question.report.runs
        if run.pair is not None and not run.pair.same_noise
    ]
    if unpaired:
        notes.append(UNPAIRED.format(runs=", ".join(unpaired)))
    return notes
