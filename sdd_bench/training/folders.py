"""The folder of a training or an edit: whether its result is there, and what made it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sdd_bench import files, provenance
from sdd_bench.runs.identity import TrainSpec

from .packed import check_result

log = logging.getLogger(__name__)


def is_made(path: Path, spec: TrainSpec, iterations: int, then: str) -> bool:
    """Whether a checkpoint is what the whole training gives; another file in its place is set
    aside, and `then` says what happens next. An edit has no iterations.
    """
    if not files.exists(path):
        return False

    def check(file: Path) -> None:
        check_result(file, spec, iterations)

    return not set_aside(path, check, then)


def set_aside(path: Path, check: Callable[[Path], object], then: str) -> bool:
    """Whether a file was damaged, by `check`; if so, it is said and has another name now."""
    try:
        check(path)
    except files.ContentError as error:
        aside = files.set_aside(path, check)
        if aside is not None:
            log.warning("%s is damaged (%s): kept as %s, %s", path, error, aside, then)
        return True
    return False


def write_facts(folder: Path, spec: TrainSpec, finished: str | None) -> None:
    """Write train.json: the specification, versions and times."""
    content = {"digest": spec.digest, "spec": asdict(spec), "finished": finished}
    files.write_record(folder / "train.json", content | {"provenance": provenance.collect()})
