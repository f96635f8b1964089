"""Tables: they come back, and what is not the table that was written is noticed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sdd_bench import files


def test_a_table_comes_back_and_its_columns_without_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    files.write_parquet(path, pd.DataFrame({"b": [1.5], "a": ["x"]}, index=[7]))
    found = files.read_parquet(path)
    assert found is not None
    assert found.to_dict("records") == [{"b": 1.5, "a": "x"}]
    assert files.parquet_columns(path) == ["b", "a"]
    # The columns stand at the end: without the rows before them there is still something to read.
    whole = path.read_bytes()
    for content, message in ((whole[:-1], "does not fit its SHA-256"), (whole[:99], "not Parquet")):
        path.write_bytes(content)
        for read in (files.read_parquet, files.parquet_columns):
            with pytest.raises(files.ContentError, match=message):
                read(path)


def test_every_flipped_bit_of_a_table_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    frame = pd.DataFrame({"score": [0.25, 0.5, 0.75], "prompt": ["a", "b", "c"]})
    files.write_parquet(path, frame)
    whole = path.read_bytes()
    files.write_parquet(path, frame)
    assert path.read_bytes() == whole
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x40
        path.write_bytes(damaged)
        try:
            found = files.read_parquet(path)
        except files.ContentError:
            continue
        assert found is not None
        pd.testing.assert_frame_equal(found, frame)  # a bit of the mark: what is left is whole


def test_a_table_says_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    files.write_parquet(path, pd.DataFrame({"score": [0.25]}), of="0123456789")
    for reader in ("0123456789", ""):
        assert files.read_parquet(path, of=reader) is not None
    with pytest.raises(files.ContentError, match="it is of another run, 0123456789"):
        files.read_parquet(path, of="9876543210")


def test_an_index_of_pandas_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"score": [0.25, 0.5]}, index=[7, 9]).to_parquet(path)
    assert files.parquet_columns(path) == ["score"]


def test_a_table_of_before_has_no_hash_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"score": [0.25]}).to_parquet(path)
    found = files.read_parquet(path)
    assert found is not None
    assert found["score"].tolist() == [0.25]
