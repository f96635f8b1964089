"""Files: written whole or not at all, read or explained, hashed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench import files
from sdd_bench.errors import SDDBenchError


def test_sha256_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert files.sha256(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"old")
    files.write(path, b"new")
    assert files.read(path) == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_for_people_and_knows_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    files.write_json(path, {"b": "é", "a": [1]})
    assert path.read_text(encoding="utf-8") == '{\n  "b": "é",\n  "a": [\n    1\n  ]\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))
    assert files.read(path) is not None


def test_what_is_not_there_is_none_and_what_cannot_be_read_an_error(tmp_path: Path) -> None:
    assert files.read(tmp_path / "nothing") is None
    with pytest.raises(SDDBenchError) as caught:
        files.read(tmp_path)
    assert str(caught.value) == f"cannot read {tmp_path}: Is a directory"
