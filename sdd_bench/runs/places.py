"""Places for what is made of runs: never in the folder of one, where each file has its meaning."""

from __future__ import annotations

import os
from pathlib import Path

from sdd_bench import files
from sdd_bench.errors import InputError

from .records import RUN

_MARKS = (RUN, "train.json")
"""What lies in the folder of a run, and of a training."""


def check(path: Path, setting: str) -> None:
    """Raise InputError where no file can be written, and in the folder of a run or a training."""
    files.check_place(path, setting)
    for folder in Path(os.path.realpath(path)).parents:
        if any(_is_ours(folder / mark) for mark in _MARKS):
            raise InputError(
                f"{path} lies in {folder}, whose files are results: give {setting} another folder"
            )


def _is_ours(mark: Path) -> bool:
    """Whether a file is the record of a run or a training, if only what a damage has left of it."""
    return mark.is_file() and b'"digest"' in (files.read(mark) or b"")
