"""What a file of weights is, before any of it is loaded."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sdd_bench.files import ContentError
from sdd_bench.weights import content


def test_the_table_of_contents_is_read_without_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file({"a": np.zeros((2, 3), np.float16), "b": np.zeros((), np.int64)}, path)
    found = content.tensors(path)
    assert found == {"a": content.Tensor("F16", (2, 3)), "b": content.Tensor("I64", ())}
    assert [each.numbers for each in found.values()] == [6, 1]


def test_types_that_numpy_does_not_have_are_in_it_too(tmp_path: Path) -> None:
    """A bfloat16 has two bytes: six of them are twelve."""
    head = json.dumps({"x": {"dtype": "BF16", "shape": [6], "data_offsets": [0, 12]}}).encode()
    path = tmp_path / "brain.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(12))
    assert content.tensors(path) == {"x": content.Tensor("BF16", (6,))}


def test_a_table_that_promises_more_than_there_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    save_file({"a": np.zeros((20, 30), np.float32)}, path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ContentError, match="is damaged or cut off"):
        content.tensors(path)
    head = json.dumps({"x": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 4]}})
    path.write_bytes(len(head).to_bytes(8, "little") + head.encode() + bytes(4))
    with pytest.raises(ContentError, match="is damaged or cut off"):
        content.tensors(path)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"shape": [1 << 40, 1 << 40]}, "a tensor has more numbers than any file can hold"),
        ({"shape": [3]}, "a tensor's shape does not fit its bytes"),
        ({"data_offsets": [4, 8]}, "a tensor does not start where the one before it ends"),
        (
            {"data_offsets": [0, 8], "shape": [2]},
            "its tensors need fewer or more bytes than it has",
        ),
        ({"dtype": "X9"}, "a tensor is of a number type that is not known here"),
        ({"shape": [-1]}, "its table of contents cannot be read"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_in_words_of_ours(
    tmp_path: Path, entry: dict[str, object], said: str
) -> None:
    whole = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    head = json.dumps({"x": whole | entry}).encode()
    path = tmp_path / "odd.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(4))
    with pytest.raises(ContentError, match=rf"^is damaged or cut off \({said}\): fetch"):
        content.tensors(path)


def test_what_is_no_regular_file_is_said_to_be_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("gone")
    (tmp_path / "itself").symlink_to("itself")
    for name, said in {
        "absent": "is missing",
        "link": "is a link to a file that is gone",
        "itself": "cannot be read",
        "pipe": "is a pipe or a device",
        ".": "is a folder",
        "n\0": "cannot be read",
    }.items():
        with pytest.raises(ContentError, match=said):
            content.size(tmp_path / name)
    (tmp_path / "file").write_bytes(b"123")
    assert content.size(tmp_path / "file") == 3


def test_names_are_shown_on_one_line_and_not_too_long() -> None:
    assert content.shown("conv_in.weight") == "'conv_in.weight'"
    assert content.shown("a\x1b[2Jb\n\u202e") == r"'a\x1b[2Jb\n\u202e'"
    assert content.shown("n" * 1_000_000) == f"'{'n' * 200}...'"


def test_what_arrives_is_whole_or_said_to_be_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": np.zeros((20, 30), np.float32)}, path)
    content.check_arrived(path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ContentError, match="is damaged or cut off"):
        content.check_arrived(path)
    path = tmp_path / "alexnet.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"0" * 1000)
    content.check_arrived(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ContentError, match="is cut off"):
        content.check_arrived(path)
    path = tmp_path / "config.json"
    path.write_text("{}")
    content.check_arrived(path)
    path.write_text(" <html>")
    with pytest.raises(ContentError, match="is a page of HTML"):
        content.check_arrived(path)
