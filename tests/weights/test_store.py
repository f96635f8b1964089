"""Stored weights: nothing is handed out unverified."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdd_bench.errors import InputError, MissingError
from sdd_bench.weights import store
from support.fuzz import BRIEFLY, anything, or_a_sentence
from support.web import RIGHT, WRONG, sha, toy


def test_missing_weights_say_which_command_brings_them(folder: Path) -> None:
    with pytest.raises(MissingError, match=r"`sdd-bench weights fetch inception`") as caught:
        store.find("inception")
    assert str(folder / "inception" / "inception-2015-12-05.pt") in str(caught.value)


def test_a_name_that_is_not_there_is_the_users_fault() -> None:
    with pytest.raises(InputError, match="Did you mean 'nudenet-v2'"):
        store.find("nudenet-v3")


@pytest.mark.usefixtures("toys")
def test_a_damaged_file_is_refused_with_both_hashes(folder: Path) -> None:
    (folder / "plain").mkdir(parents=True)
    (folder / "plain" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(MissingError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        store.find("plain")
    assert store.state(toy()) == "damaged"


@pytest.mark.usefixtures("toys")
def test_a_file_whose_hash_nobody_knows_is_not_used(folder: Path) -> None:
    for name in ("config.json", "unet/toy.bin"):
        (folder / "hub" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "hub" / name).write_bytes(b"{}")
    assert store.state(toy("hub")) == "unrecorded"
    with pytest.raises(MissingError, match="nothing says what the SHA-256"):
        store.find("hub")


def test_an_installed_package_is_looked_into_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: None
) -> None:
    site = tmp_path / "site"
    (site / "m").mkdir(parents=True)
    (site / "m" / "__init__.py").write_text("raise SystemExit('imported')")
    (site / "m" / "toy.bin").write_bytes(RIGHT)
    (site / "Toy_Model-1.0.dist-info").mkdir()
    (site / "Toy_Model-1.0.dist-info" / "METADATA").write_text("Name: Toy_Model\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    assert store.find("wheel") == site / "m" / "toy.bin"
    (site / "m" / "toy.bin").write_bytes(WRONG)
    with pytest.raises(MissingError, match=f"{sha(WRONG)}, not {sha(RIGHT)}"):
        store.find("wheel")


@BRIEFLY
@given(data=st.data())
def test_any_list_of_hashes_is_read_or_has_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    listed = b'{"version": 1, "sha256": {"a/b": "' + b"0" * 64 + b'"}}'
    (tmp_path / store.LOCK).write_bytes(data.draw(anything(listed)))
    with or_a_sentence(MissingError):
        assert isinstance(store.recorded(tmp_path), dict)


@BRIEFLY
@given(data=st.data())
def test_any_manifest_is_read_or_has_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    monkeypatch.setenv("SDD_BENCH_MINIATURE", str(tmp_path))
    (tmp_path / "a").write_bytes(b"y")
    listed = b'{"a": "' + b"0" * 64 + b'"}'
    (tmp_path / store.MANIFEST).write_bytes(data.draw(anything(listed)))
    with or_a_sentence(MissingError):
        raise AssertionError(store.find("miniature"))
