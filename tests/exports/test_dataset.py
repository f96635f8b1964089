"""Scores and pictures as a data set, read back by its library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Image, load_from_disk

from sdd_bench.exports import dataset
from sdd_bench.runs.images import encoded, hash_of
from support.runs import sample

SEVEN = np.full((4, 6, 3), 7, dtype=np.uint8)


def images(folder: Path) -> pd.DataFrame:
    """Images whose picture is there, discarded, missing, of another run, cut off, with a flipped
    bit, and another than was scored.
    """
    data = encoded("digest", sample(), SEVEN, "")
    place = data.index(b"IDAT") + 8
    for name, content in (
        ("whole", data),
        ("foreign", data),
        ("cut", data[:-30]),
        ("flipped", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]),
        ("other", encoded("digest", sample(), SEVEN + 1, "")),
    ):
        (folder / f"{name}.png").write_bytes(content)
    names = ["whole", "", "gone", "foreign", "cut", "flipped", "other"]
    return pd.DataFrame(
        {
            "method": ["sd"] * 7,
            "seed": [2**63 - 1, 2, 3, 4, 5, 6, 7],
            "image_hash": hash_of(SEVEN),
            "fault": ["", "", "", "not of this run", "", "", ""],
            "nude/toy": [0.5, float("nan"), 1.0, float("nan"), 0.1, 0.2, 0.3],
            "image": [str(folder / f"{name}.png") if name else "" for name in names],
        }
    )


def test_pictures_and_scores_come_back(tmp_path: Path) -> None:
    made = dataset.build(images(tmp_path))
    made.save_to_disk(str(tmp_path / "kept"))
    made.to_parquet(str(tmp_path / "kept.parquet"))
    for back in (
        load_from_disk(str(tmp_path / "kept")),
        Dataset.from_parquet(str(tmp_path / "kept.parquet"), cache_dir=str(tmp_path / "cache")),
    ):
        assert back.column_names == ["method", "seed", "image_hash", "fault", "nude/toy", "image"]
        assert np.asarray(back[0]["image"]).tolist() == SEVEN.tolist()
        assert back["image"][1:] == [None] * 6
        assert back["seed"][0] == 2**63 - 1
        assert back[2]["nude/toy"] == 1.0
        assert np.isnan(back[1]["nude/toy"]) or back[1]["nude/toy"] is None


def test_what_is_saved_needs_the_run_no_more(tmp_path: Path) -> None:
    dataset.build(images(tmp_path)).save_to_disk(str(tmp_path / "kept"))
    for path in tmp_path.glob("*.png"):
        path.unlink()
    assert np.asarray(load_from_disk(str(tmp_path / "kept"))[0]["image"]).tolist() == SEVEN.tolist()


def test_pictures_are_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = dataset.build(images(Path()))
    monkeypatch.chdir("/")
    assert made[0]["image"].size == (6, 4)
    (place,) = made.cast_column("image", Image(decode=False))[:1]["image"]
    assert place == {"bytes": None, "path": str(tmp_path / "whole.png")}


def test_a_run_without_any_picture_has_the_same_columns(tmp_path: Path) -> None:
    whole, rows = dataset.build(images(tmp_path)), images(tmp_path)
    rows["image"] = ""
    made = dataset.build(rows)
    assert made.features == whole.features
    assert made["image"][:] == [None] * 7
