"""Which files of a folder are its weights."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sdd_bench.files import ContentError
from sdd_bench.weights import parts


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"")


def test_one_file_comes_before_parts_and_safetensors_before_pickles(tmp_path: Path) -> None:
    assert parts.find(tmp_path, "model") is None
    touch(tmp_path, "model.fp16.bin")
    assert parts.find(tmp_path, "model") == parts.Found(
        (tmp_path / "model.fp16.bin",), variant="fp16"
    )
    touch(tmp_path, "model.bin")
    assert parts.find(tmp_path, "model") == parts.Found((tmp_path / "model.bin",))
    touch(tmp_path, "one", "two")
    index = {"weight_map": {"a": "one", "b": "two", "c": "one"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    one, two = tmp_path / "one", tmp_path / "two"
    found = parts.find(tmp_path, "model")
    assert found == parts.Found((one, two), {"a": one, "b": two, "c": one})
    touch(tmp_path, "model.safetensors", "model.fp16.safetensors")
    assert parts.find(tmp_path, "model") == parts.Found((tmp_path / "model.safetensors",))


def test_only_the_endings_asked_for_count(tmp_path: Path) -> None:
    touch(tmp_path, "model.bin")
    assert parts.find(tmp_path, "model", ("safetensors",)) is None


def test_a_link_to_nothing_is_not_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "model.bin")
    (tmp_path / "model.safetensors").symlink_to("gone")
    assert parts.find(tmp_path, "model") == parts.Found((tmp_path / "model.safetensors",))


def test_parts_without_an_index_are_not_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "model-00001-of-00002.safetensors")
    with pytest.raises(ContentError, match=r"holds parts \(model-00001-of-00002\.safetensors\)"):
        parts.find(tmp_path, "model")
    assert parts.is_part(tmp_path / "model-00001-of-00002.safetensors")
    assert not parts.is_part(tmp_path / "model.safetensors")


def test_an_index_or_configuration_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors.index.json"
    os.mkfifo(path)
    with pytest.raises(ContentError, match=r"index\.json is a pipe or a device"):
        parts.find(tmp_path, "model")
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ContentError, match="has 1,099,511,627,776 bytes, which no index"):
        parts.find(tmp_path, "model")
