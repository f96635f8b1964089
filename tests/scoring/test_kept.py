"""Features that wait on the disk for the rest of their set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench.scoring.kept import KeptFeatures

ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with the features of two images."""
    kept = KeptFeatures.of(tmp_path, ["fid/toy"])
    for name, row in zip("ab", ROWS, strict=True):
        kept.add("fid/toy", (name, "1"), row)
    kept.write()
    return tmp_path


def test_features_come_back_in_the_order_asked(folder: Path) -> None:
    kept = KeptFeatures.of(folder, ["fid/toy"])
    rows = kept.rows("fid/toy", [("b", "1"), ("a", "1")])
    assert rows is not None
    assert rows.tolist() == [[3, 4, 5], [0, 1, 2]]


def test_features_of_other_pixels_or_of_another_measure_are_none(folder: Path) -> None:
    kept = KeptFeatures.of(folder, ["fid/toy", "fid/other"])
    assert kept.rows("fid/toy", [("a", "1"), ("b", "2")]) is None
    assert kept.rows("fid/other", [("a", "1")]) is None


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_damaged_file_counts_as_none(folder: Path, place: int) -> None:
    (path,) = (folder / "features").iterdir()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert not KeptFeatures.of(folder, ["fid/toy"]).has("fid/toy", ("a", "1"))


def test_nothing_is_written_twice_and_nothing_stays_at_the_end(folder: Path) -> None:
    kept = KeptFeatures.of(folder, ["fid/toy"])
    kept.write()
    assert len(list((folder / "features").iterdir())) == 1
    kept.remove()
    assert not (folder / "features").exists()
