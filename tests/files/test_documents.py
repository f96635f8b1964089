"""JSON, TOML and CSV files, and records that carry their hash."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    steps: int = 1


def test_json_is_for_people_and_knows_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    files.write_json(path, {"b": "é", "a": [1]})
    assert path.read_text(encoding="utf-8") == '{\n  "b": "é",\n  "a": [\n    1\n  ]\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))
    assert files.read(path) is not None


@pytest.mark.parametrize(
    "read",
    [
        files.read,
        files.read_text,
        lambda path: files.read_json(path, dict[str, str]),
        lambda path: files.read_toml(path, dict[str, str]),
        lambda path: files.read_csv(path, dict[str, str]),
        files.read_parquet,
        files.parquet_columns,
    ],
)
def test_what_is_not_there_is_none(tmp_path: Path, read: Callable[[Path], object]) -> None:
    assert read(tmp_path / "nothing") is None


def test_what_is_no_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "\xe9"')
    with pytest.raises(files.ContentError, match=r"^not UTF-8 text \(byte 8\): save it as UTF-8, "):
        files.read_toml(path, Outer)


def test_a_file_of_the_package_is_named_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "shipped.toml"
    with pytest.raises(SDDBenchError, match=r"shipped\.toml is missing: reinstall sdd-bench$"):
        files.read_shipped(path, Outer)
    path.write_text("name = 3")
    with pytest.raises(InputError, match=r"shipped\.toml cannot be used: name should be a valid"):
        files.read_shipped(path, Outer)


# --- records ----------------------------------------------------------------------------------


def test_a_record_says_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    files.write_record(path, {"name": "é", "steps": 2})
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content) == ["name", "steps", "sha256"]
    assert files.read_record(path, Outer) == Outer(name="é", steps=2)
    # As another tool writes it, or a checkout on Windows.
    path.write_bytes(json.dumps(content, sort_keys=True).replace(",", ",\r\n").encode())
    assert files.read_record(path, Outer) == Outer(name="é", steps=2)


def test_a_record_that_was_edited_or_damaged_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    files.write_record(path, {"name": "é", "steps": 2})
    path.write_text(path.read_text(encoding="utf-8").replace("2,", "3,"), encoding="utf-8")
    with pytest.raises(files.ContentError, match=r"^its content does not fit its sha256$"):
        files.read_record(path, Outer)
    path.write_text('{"name": "n"}')  # of before records had one
    assert files.read_record(path, Outer) == Outer(name="n")
    path.write_text('{"name": "n", "sha')
    with pytest.raises(files.ContentError, match=r"^not JSON: EOF while parsing"):
        files.read_record(path, Outer)


def test_a_record_of_a_later_version_is_no_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    files.write_record(path, {"name": "n", "later": 2})
    with pytest.raises(files.UnknownFieldError, match=r"^later is unknown$"):
        files.read_record(path, Outer)
    files.write_record(path, {"name": 1, "later": 2})
    with pytest.raises(files.ContentError) as caught:
        files.read_record(path, Outer)
    assert not isinstance(caught.value, files.UnknownFieldError)


def test_nested_too_deep_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"name": ' + "[" * 100_000)
    with pytest.raises(files.ContentError, match=r"^not JSON: recursion limit exceeded"):
        files.read_record(path, Outer)
