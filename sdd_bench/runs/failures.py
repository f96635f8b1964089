"""Images that a metric failed on, and why: beside the scores, which they have none of.

failures.json    by raw score: the images with what the metric said, and why it was stopped
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sdd_bench import files

from . import claims

log = logging.getLogger(__name__)

_NAME = "failures.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What became of a raw score that could not be taken of all images."""

    images: Mapping[str, str] = field(default_factory=dict)
    """Why there is none, by the stem of the image."""
    stopped: str = ""
    """Why the metric was asked no more; empty if it saw all images."""

    @property
    def reason(self) -> str:
        """All of it in a few words."""
        return self.stopped or next(iter(self.images.values()), "")


def read(run_folder: Path) -> dict[str, Failures]:
    """What is known of a run by raw score; nothing if all went well, or the file is damaged."""
    path = run_folder / _NAME
    try:
        return files.read_record(path, dict[str, Failures]) or {}
    except files.ContentError as error:
        log.warning("%s is damaged (%s): the next scoring writes it anew", path, error)
        return {}


def change(run_folder: Path, asked: Collection[str], failed: Mapping[str, Failures]) -> None:
    """Replace what is known of the raw scores that were asked for; without any there is no file."""
    path = run_folder / _NAME
    with claims.held(path, str(path)):
        known = read(run_folder)
        kept = {measure: each for measure, each in known.items() if measure not in asked}
        found = {**kept, **failed}
        if not found and known:
            with files.writing(path):
                path.unlink(missing_ok=True)
        elif found != known:
            content = {measure: asdict(found[measure]) for measure in sorted(found)}
            files.write_record(path, content)
