"""Files are known to be those of before by size and times, and only once a change would show."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sdd_bench.errors import SDDBenchError
from sdd_bench.files import states
from sdd_bench.files.states import Latest


def test_a_change_shows_though_size_and_time_of_writing_are_set_back(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    before, status = states.state(path), path.stat()
    time.sleep(0.05)  # a file system counts time in steps of some milliseconds
    path.write_bytes(b"two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = states.state(path)
    assert before is not None
    assert after is not None
    assert after.split()[:2] == before.split()[:2] == ["3", str(status.st_mtime_ns)]
    assert after != before


def test_the_files_of_a_folder_are_listed_by_ending(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", ".b.png.tmp", "c.txt"):
        (tmp_path / name).write_bytes(name.encode())
    assert states.names(tmp_path, ".png") == {"a", "b"}
    assert states.states(tmp_path, ".png") == {
        name: states.state(tmp_path / f"{name}.png") for name in ("a", "b")
    }
    assert states.states(tmp_path / "none", ".png") == {}
    assert states.names(tmp_path / "none", ".png") == set()
    assert states.state(tmp_path / "none") is None


def test_a_folder_that_cannot_be_listed_is_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    for ask in (states.states, states.names):
        with pytest.raises(SDDBenchError, match=r"cannot read .*: Permission denied"):
            ask(tmp_path, ".png")


@pytest.mark.parametrize(("age", "settled"), [(1.0, False), (2.5, True), (-60.0, False)])
def test_a_file_is_settled_when_its_last_change_is_two_seconds_old(
    age: float, *, settled: bool
) -> None:
    changed = time.time_ns() - int(age * 1e9)
    assert states.is_settled(f"1 0 {changed}") is settled
    assert states.is_settled(f"1 {changed} 0") is settled


def test_what_was_read_is_kept_until_the_file_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, latest, read = tmp_path / "a", Latest[str](), list[str]()

    def content() -> str:
        read.append(path.read_text())
        return read[-1]

    path.write_text("one")
    assert [latest.of(path, "", content) for _ in range(2)] == ["one", "one"]
    assert len(read) == 2, "so young a file may change without a sign"
    monkeypatch.setattr(states, "SETTLED", -60.0)
    assert [latest.of(path, "", content) for _ in range(2)] == ["one", "one"]
    assert len(read) == 3
    assert latest.of(path, "another's", content) == "one"
    assert len(read) == 4
    path.write_text("three")
    assert latest.of(path, "", content) == "three"
