"""Data sets of the Hugging Face hub, from folders that stand for some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from sdd_bench.errors import InputError, MissingError
from sdd_bench.suites import loading
from sdd_bench.types import Prompt, Suite

Hub: TypeAlias = Callable[[str], Suite]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """`datasets` takes a folder for a data set of that name; this is one with two splits."""
    monkeypatch.undo()
    folder = tmp_path / "owner" / "prompts"
    folder.mkdir(parents=True)
    rows = '{"prompt": "a cat", "seed": 4294967296, "categories": ["x", "y"], "hard": 1}\n'
    (folder / "train.jsonl").write_text(rows)
    (folder / "test.jsonl").write_text(rows.replace("a cat", "a dog"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr("sdd_bench.weights.hub.silent", lambda: "")
    return loading.load


def test_a_split_of_a_data_set_of_the_hub(hub: Hub) -> None:
    suite = hub("hub:owner/prompts:test")
    assert suite.name == "owner/prompts"
    assert suite.prompts == (Prompt(id="000000", text="a dog", seed=2**32, group="x, y, hard"),)
    assert hub("i2p=hub:owner/prompts:train").name == "i2p"


def test_a_split_is_named_if_there_are_several(hub: Hub) -> None:
    for address in ("hub:owner/prompts", "hub:owner/prompts:validation"):
        with pytest.raises(InputError, match=f"^{address}: add :SPLIT, one of: train, test$"):
            hub(address)


def test_a_data_set_comes_without_bars(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    inside: list[bool] = []

    def watched(name: str, *arguments: object, **keywords: object) -> object:
        inside.append(datasets.are_progress_bars_disabled())
        raise OSError("no connection")

    monkeypatch.setattr(datasets, "load_dataset", watched)
    with pytest.raises(MissingError, match="no connection"):
        hub("hub:owner/prompts:test")
    assert inside == [True]
    assert not datasets.are_progress_bars_disabled()


@pytest.mark.parametrize("address", ["hub:", "hub:a b", "hub:owner/name/subset/more", "hub:x:"])
def test_what_is_no_address_of_a_data_set(hub: Hub, address: str) -> None:
    with pytest.raises(InputError, match="is no address of a data set"):
        hub(address)


def test_a_data_set_that_cannot_be_had(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "owner" / "nothing").mkdir()
    with pytest.raises(MissingError, match=r"cannot load the data set 'owner/nothing' \(.+\)"):
        hub("hub:owner/nothing")


def test_a_data_set_is_as_large_as_a_file_at_most(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "owner" / "prompts" / "validation.jsonl").open("wb") as file:
        file.truncate(250_000_000)
    fetched: list[str] = []
    monkeypatch.setattr("datasets.load_dataset", lambda path, **_: fetched.append(path))
    with pytest.raises(InputError, match=r"has 250 MB or more: data sets .* up to 100 MB; save"):
        hub("hub:owner/prompts:test")
    assert fetched == []  # it is known beforehand


def test_rows_that_unpack_to_more_than_a_file_may_have_are_refused(
    hub: Hub, tmp_path: Path
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    # 1,200 texts of 90,000 bytes are 108 MB, and a few kilobytes as Parquet.
    (tmp_path / "owner" / "packed").mkdir()
    path = tmp_path / "owner" / "packed" / "train.parquet"
    parquet.write_table(pa.table({"prompt": ["a" * 90_000] * 1200}), path)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match=r"hub:owner/packed has 108 MB or more"):
        hub("hub:owner/packed")


def test_a_data_set_has_as_many_rows_as_a_run_has_images_at_most(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdd_bench.suites.hub._MOST", 0)
    with pytest.raises(InputError, match=r"^hub:owner/prompts:test has 1 rows: 0 are read$"):
        hub("hub:owner/prompts:test")
