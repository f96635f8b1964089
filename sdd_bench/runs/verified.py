"""Pictures that were looked at, and found whole and the run's own: they are not decoded again.

verified.parquet    a row for each: the stem of the image, the hash of its pixels, the state of its
                    file (size and times), and the seed and the prompt that it is of

A file that has another size or another time is looked at again, and so is one that was changed less
than two seconds before it was looked at. The record may lack what another process has written at
the same time: that is looked at once more. Whoever wants to have all pictures looked at removes it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from sdd_bench import files
from sdd_bench.errors import SDDBenchError
from sdd_bench.files.states import Latest, State, is_settled
from sdd_bench.types import Sample

log = logging.getLogger(__name__)

NAME = "verified.parquet"

_COLUMNS = {
    "image": "str",
    "pixels": "str",
    "state": "str",
    "seed": "int64",
    "prompt": "str",
}

Rows: TypeAlias = dict[str, str]
"""By the stem of an image all that is known of it, as one text: see State."""


@dataclass(slots=True)
class Verified:
    """What is known of a run's pictures."""

    path: Path
    digest: str
    """The run's."""
    rows: Rows = field(default_factory=dict)
    few: bool = False
    """Whether it is about so few pictures that nothing is written."""
    is_new: bool = False
    """Whether any of it is not on the disk."""

    @classmethod
    def of(cls, run_folder: Path, digest: str, *, few: bool = False) -> Verified:
        """What is known of the run with that digest; nothing if there is no such file or, with a
        warning, if it is damaged. If it is about a `few` pictures it isn't asked.
        """
        path = run_folder / NAME
        try:
            return cls(path, digest, {} if few else dict(check(path, digest)), few)
        except ValueError as error:
            log.warning("%s is damaged (%s): all pictures are looked at again", path, error)
            return cls(path, digest)

    def pixels(self, sample: Sample, state: State | None) -> str:
        """The hash of the pixels of a file in that state, if it is the picture of the sample; empty
        if it was not found to be.
        """
        row = self.rows.get(sample.stem, "")
        known = row[:_DIGITS]
        return known if row and row == _row(known, sample, state) else ""

    def add(self, sample: Sample, state: State | None, pixels: str) -> None:
        """Know a picture that was found to be that of a sample; the state is of before that."""
        if state is not None and is_settled(state):
            self.rows[sample.stem] = _row(pixels, sample, state)
            self.is_new = True

    def write(self, there: Collection[str]) -> None:
        """Replace the file if anything is new, without what is no more `there`.

        Where that can't be done the pictures are looked at again the next time.
        """
        if self.few or not self.is_new:
            return
        kept = [(stem, *row.split("\n", 3)) for stem, row in self.rows.items() if stem in there]
        table = pd.DataFrame(kept, columns=[*_COLUMNS]).astype(_COLUMNS)
        try:
            files.write_parquet(self.path, table, of=self.digest)
        except SDDBenchError as error:
            log.debug("%s", error)
        self.is_new = False


def _row(pixels: str, sample: Sample, state: State | None) -> str:
    return f"{pixels}\n{state}\n{sample.seed}\n{sample.prompt.text}"


_DIGITS = 16
"""Of the hash of pixels, with which a row begins."""

_LATEST: Latest[Rows] = Latest()


def check(path: Path, digest: str) -> Rows:
    """What a file says of the run with that digest; nothing if there is none. Raises ValueError of
    what no run has written, or another one. It must not be changed.
    """
    return _LATEST.of(path, digest, lambda: _read(path, digest))


def _read(path: Path, digest: str) -> Rows:
    table = files.read_parquet(path, of=digest)
    if table is None:
        return {}
    if list(table.columns) != [*_COLUMNS]:
        raise ValueError("its columns are others")
    stems, *columns = (table[name].tolist() for name in _COLUMNS)
    rows = zip(*columns, strict=True)
    return {stem: "\n".join(map(str, row)) for stem, row in zip(stems, rows, strict=True)}
