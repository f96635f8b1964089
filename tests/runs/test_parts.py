"""Files in parts: those that shards write, each its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.runs import parts


def test_a_part_lies_beside_its_file() -> None:
    assert parts.path(Path("run/scores.parquet"), "2-of-4") == Path("run/scores.2-of-4.parquet")
    assert parts.path(Path("run/scores.parquet"), "") == Path("run/scores.parquet")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that has two parts, among files that are none of it."""
    for name in (
        "scores.parquet", "scores.1-of-4.parquet", "scores.10-of-12.parquet",
        "scores.1-of-4.parquet.damaged", "boxes.1-of-4.parquet", "scores.old.parquet",
    ):  # fmt: skip
        (tmp_path / name).write_text(name)
    return tmp_path / "scores.parquet"


def test_the_parts_of_a_file_are_no_others(file: Path) -> None:
    names = ["scores.1-of-4.parquet", "scores.10-of-12.parquet"]
    assert [path.name for path in parts.of(file)] == names
    assert [path.name for path in parts.states(file)] == ["scores.parquet", *names]
    assert parts.of(file.parent / "none" / "scores.parquet") == []


def test_a_part_that_was_written_anew_stays(file: Path) -> None:
    read = parts.states(file)
    first, second = parts.of(file)
    second.write_text("more of it")
    parts.remove(file, read)
    assert not first.exists()
    assert parts.of(file) == [second]
    assert file.exists()
