"""What is warned of while results are read: a page says it too, since it is read elsewhere."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path


class _Ear(logging.Handler):
    """Keeps sentences, without the folder that all paths in them begin with."""

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.WARNING)
        self.prefix = f"{folder}{'/' if str(folder) != '/' else ''}"
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a warning says."""
        self.sentences.append(record.getMessage().replace(self.prefix, ""))


@contextlib.contextmanager
def warnings(folder: Path) -> Iterator[list[str]]:
    """The warnings that are given within it, about what is in a folder; the list grows."""
    ear, log = _Ear(folder), logging.getLogger("sdd_bench")
    log.addHandler(ear)
    try:
        yield ear.sentences
    finally:
        log.removeHandler(ear)
