"""Files of a run in parts: each shard writes one of its own, so that none overwrites another's.

scores.2-of-4.parquet    what the second of four shards has judged, beside scores.parquet

Whoever reads has all of them. A part counts before the file of all, for its shard began with what
was known then; whoever joins them writes all into the one file, and removes the parts.
"""

from __future__ import annotations

from pathlib import Path

from sdd_bench import files
from sdd_bench.files.states import State, state


def path(file: Path, part: str) -> Path:
    """Where a part, such as 2-of-4, of a file lies; the file itself for none."""
    return file.with_name(f"{file.stem}.{part}{file.suffix}") if part else file


def of(file: Path) -> list[Path]:
    """All parts of a file that are there."""
    return files.find(file.parent, f"{file.stem}.*-of-*{file.suffix}")


def states(file: Path) -> dict[Path, State | None]:
    """What a file and its parts are known by."""
    return {each: state(each) for each in (file, *of(file))}


def remove(file: Path, read: dict[Path, State | None]) -> None:
    """Remove the parts of a file that are still those that were read."""
    for each in of(file):
        if state(each) is not None and state(each) == read.get(each):
            with files.writing(each):
                each.unlink(missing_ok=True)
