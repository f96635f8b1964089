"""Fetched weights: trusted at first use, or brought by hand in a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sdd_bench import models
from sdd_bench.errors import InputError, MissingError
from sdd_bench.types import ModelSpec
from sdd_bench.weights import fetcher, store
from support.web import RIGHT, WRONG, Web, left, sdist, sha, toy

# --- trust on first use -----------------------------------------------------------------------


def test_the_first_hash_is_recorded_and_holds(web: Web, folder: Path, toys: None) -> None:
    lines = fetcher.fetch(toy("hub"))
    assert all("recorded, and checked from now on" in line for line in lines)
    assert json.loads((folder / "lock.json").read_text())["sha256"] == {
        "hub/config.json": sha(b"{}"),
        "hub/unet/toy.bin": sha(RIGHT),
    }
    assert store.find("hub") == folder / "hub"
    assert left(folder) == ["hub/config.json", "hub/unet/toy.bin", "lock.json"]
    # Changed on this disk ...
    (folder / "hub" / "unet" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(MissingError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        store.find("hub")
    # ... and at the source: the record does not move.
    web.files[f"/owner/toy/resolve/{'c' * 40}/unet/toy.bin"] = WRONG
    with pytest.raises(MissingError, match=f"{sha(WRONG)} .* not {sha(RIGHT)}"):
        fetcher.fetch(toy("hub"))
    assert store.recorded(folder)["hub/unet/toy.bin"] == sha(RIGHT)


def test_a_model_that_was_fetched_is_run_from_there(web: Web, folder: Path, toys: None) -> None:
    fetcher.fetch(toy("hub"))
    asked = len(web.asked)
    spec = ModelSpec(name="hub", source="owner/toy", definitions=())
    assert models.folder_of(spec) == folder / "hub"
    assert len(web.asked) == asked
    (folder / "hub" / "config.json").unlink()
    assert models.folder_of(spec) == folder / "hub"
    assert [path for path, _ in web.asked[asked:]] == [f"/owner/toy/resolve/{'c' * 40}/config.json"]


def test_a_hub_that_does_not_answer_is_one_sentence(web: Web, toys: None) -> None:
    web.files.clear()
    with pytest.raises(MissingError, match=r"config\.json of owner/toy .* --from FOLDER"):
        fetcher.fetch(toy("hub"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "not JSON: EOF"),
        ("{}", "sha256 is missing"),
        ('{"sha256": {"a": 1}}', r"sha256\.a should be a valid string, not 1"),
    ],
)
def test_a_record_that_cannot_be_read_is_not_taken_for_an_empty_one(
    folder: Path, toys: None, text: str, fault: str
) -> None:
    fetcher.fetch(toy("hub"))
    (folder / "lock.json").write_text(text)
    message = rf"lock\.json cannot be read \({fault}.*: put its copy back"
    with pytest.raises(MissingError, match=message):
        store.find("hub")
    with pytest.raises(MissingError, match=message):
        fetcher.fetch(toy("hub"))
    assert (folder / "lock.json").read_text() == text


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "is a page of HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (b'{"error": "gated"}', "is a text in JSON"),
        (b"", "is empty"),
    ],
)
def test_what_a_failed_download_leaves_is_never_recorded(
    web: Web, folder: Path, tmp_path: Path, toys: None, data: bytes, what: str
) -> None:
    """Nothing says what its hash should be, so it would be right ever after."""
    web.files[f"/owner/toy/resolve/{'c' * 40}/unet/toy.bin"] = data
    with pytest.raises(
        MissingError, match=rf"hub/unet/toy\.bin .* refused and deleted \(it {what}"
    ):
        fetcher.fetch(toy("hub"))
    assert "hub/unet/toy.bin" not in store.recorded(folder)
    brought = tmp_path / "brought" / "hub"
    (brought / "unet").mkdir(parents=True)
    (brought / "config.json").write_bytes(b"{}")
    (brought / "unet" / "toy.bin").write_bytes(data)
    with pytest.raises(InputError, match=rf"is not hub/unet/toy\.bin .* not taken \(it {what}"):
        fetcher.fetch(toy("hub"), brought.parent)
    assert "hub/unet/toy.bin" not in store.recorded(folder)


def test_a_page_in_place_of_a_weight_is_named_beside_its_hash(
    web: Web, folder: Path, toys: None
) -> None:
    web.files["/toy.bin"] = b"<html></html>"
    with pytest.raises(MissingError, match=rf"not {sha(RIGHT)} \(it is a page of HTML or XML"):
        fetcher.fetch(toy("plain"))
    web.files["/toy.bin"] = RIGHT
    fetcher.fetch(toy("plain"))
    store.find("plain").write_bytes(b"<html></html>")
    with pytest.raises(MissingError, match=r"\(it is a page of HTML or XML, .*\): bring it again"):
        store.find("plain")


# --- from a folder ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["toy.bin", "plain/toy.bin"])
def test_a_folder_brought_by_hand_is_copied(
    where: str, web: Web, folder: Path, tmp_path: Path, toys: None
) -> None:
    source = tmp_path / "brought" / where
    source.parent.mkdir(parents=True)
    source.write_bytes(RIGHT)
    fetcher.fetch(toy(), tmp_path / "brought")
    assert store.find("plain").read_bytes() == source.read_bytes() == RIGHT
    assert web.asked == []
    assert left(folder) == ["plain/toy.bin"]


def test_a_wrong_file_in_it_is_refused_with_both_hashes(
    folder: Path, tmp_path: Path, toys: None
) -> None:
    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(InputError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        fetcher.fetch(toy(), tmp_path / "brought")
    assert left(folder) == []
    assert (tmp_path / "brought" / "toy.bin").read_bytes() == WRONG


def test_a_folder_without_it_says_where_it_was_looked_for(tmp_path: Path, toys: None) -> None:
    with pytest.raises(InputError, match=r"does not hold plain: .*plain/toy\.bin nor .*/toy\.bin"):
        fetcher.fetch(toy(), tmp_path)


def test_an_archive_brought_by_hand_is_looked_into(tmp_path: Path, toys: None) -> None:
    archive = sdist(("Toy-1/m/toy.bin", RIGHT))
    (tmp_path / "Toy_Model-1.0.tar.gz").write_bytes(archive)
    fetcher.fetch(toy("packed"), tmp_path)
    assert store.find("packed").read_bytes() == RIGHT


def test_a_weights_folder_of_another_machine_brings_its_record(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    fetcher.fetch(toy("hub"))
    shutil.copytree(folder, tmp_path / "stick")
    (tmp_path / "stick" / "hub" / "unet" / "toy.bin").write_bytes(WRONG)
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "other"))
    with pytest.raises(InputError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        fetcher.fetch(toy("hub"), tmp_path / "stick")
    (tmp_path / "stick" / "hub" / "unet" / "toy.bin").write_bytes(RIGHT)
    fetcher.fetch(toy("hub"), tmp_path / "stick")
    assert store.find("hub") == tmp_path / "other" / "hub"
