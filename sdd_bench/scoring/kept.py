"""Features of a run's images that are kept while its set metrics wait for the rest of them.

A value of a set needs the features of all its images, which take hours: what has been computed is
written as it comes, and removed when the values are there. Each file is named after its content,
so that a damaged one is known, and two processes never write the same one.

    features/<16 digits of its SHA-256>.safetensors

    <measure>    (N, d), the features of some images
    metadata     <measure>: a JSON list of those images, each [stem, hash of its pixels]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from sdd_bench import files
from sdd_bench.types import Features

Picture: TypeAlias = tuple[str, str]
"""The stem of an image and the hash of its pixels."""


@dataclass(slots=True, eq=False)
class KeptFeatures:
    """The features of a run's images by measure, and which of them are not yet on the disk."""

    folder: Path
    _rows: dict[str, dict[Picture, Features]] = field(default_factory=dict)
    _new: list[tuple[str, Picture]] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)
    """The names of the files that were read, or written here."""

    @classmethod
    def of(cls, run_folder: Path, measures: Sequence[str]) -> KeptFeatures:
        """Those in a run's folder; files that are damaged or of something else count as none."""
        kept = cls(run_folder / "features", {measure: {} for measure in measures})
        kept.look()
        return kept

    def look(self) -> None:
        """Read what has been written since, by whatever process."""
        for path in files.find(self.folder, "*.safetensors") if self._rows else ():
            if path.name not in self._read:
                self._read.add(path.name)
                for measure, picture, row in _parts(path):
                    if measure in self._rows:
                        self._rows[measure][picture] = row

    def has(self, measure: str, picture: Picture) -> bool:
        """Whether the features of an image are there."""
        return picture in self._rows[measure]

    def add(self, measure: str, picture: Picture, row: Features) -> None:
        """Keep the features of an image."""
        self._rows[measure][picture] = row
        self._new.append((measure, picture))

    def rows(self, measure: str, pictures: Sequence[Picture]) -> Features | None:
        """The features of these images, (N, d); None if some are missing."""
        rows = self._rows[measure]
        if not pictures or not all(picture in rows for picture in pictures):
            return None
        return np.stack([rows[picture] for picture in pictures])

    def write(self) -> None:
        """Write those that are not on the disk yet."""
        if not self._new:
            return
        from safetensors.numpy import save

        of_measure: dict[str, list[Picture]] = {}
        for measure, picture in self._new:
            of_measure.setdefault(measure, []).append(picture)
        tensors = {
            measure: np.stack([self._rows[measure][picture] for picture in pictures])
            for measure, pictures in of_measure.items()
        }
        data = save(tensors, metadata={name: json.dumps(of_measure[name]) for name in of_measure})
        with files.writing(self.folder):
            self.folder.mkdir(exist_ok=True)
        name = f"{_name_of(data)}.safetensors"
        files.write(self.folder / name, data)
        self._read.add(name)
        self._new.clear()

    def remove(self) -> None:
        """Remove the files: the values are there."""
        self._new.clear()
        with suppress(OSError):  # what stays does no harm
            for path in files.find(self.folder, "*.safetensors"):
                path.unlink()
            if self.folder.exists():
                self.folder.rmdir()


def _name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _parts(path: Path) -> Iterator[tuple[str, Picture, Features]]:
    """Every row of a file, if it is what its name says."""
    from safetensors.numpy import load

    data = files.read(path)
    if data is None or _name_of(data) != path.stem:
        return
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    for measure, rows in load(data).items():
        for (stem, pixels), row in zip(json.loads(metadata[measure]), rows, strict=True):
            yield measure, (stem, pixels), row
