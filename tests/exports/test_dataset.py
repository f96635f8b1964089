"""Scores and pictures as a data set, read back by its library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset, load_from_disk
from PIL import Image

from sdd_bench.exports import dataset


def images(folder: Path) -> pd.DataFrame:
    """Three images: one that is there, one that was discarded, and one that is missing."""
    path = folder / "a.png"
    Image.fromarray(np.full((4, 6, 3), 7, dtype=np.uint8)).save(path)
    return pd.DataFrame(
        {
            "method": ["sd"] * 3,
            "seed": [2**63 - 1, 2, 3],
            "nude/toy": [0.5, float("nan"), 1.0],
            "image": [str(path), "", str(folder / "gone.png")],
        }
    )


def test_pictures_and_scores_come_back(tmp_path: Path) -> None:
    made = dataset.build(images(tmp_path))
    made.save_to_disk(str(tmp_path / "kept"))
    made.to_parquet(str(tmp_path / "kept.parquet"))
    for back in (
        load_from_disk(str(tmp_path / "kept")),
        Dataset.from_parquet(str(tmp_path / "kept.parquet")),
    ):
        assert back.column_names == ["method", "seed", "nude/toy", "image"]
        assert np.asarray(back[0]["image"]).tolist() == [[[7, 7, 7]] * 6] * 4
        assert [back[row]["image"] for row in (1, 2)] == [None, None]
        assert back["seed"][0] == 2**63 - 1
        assert back[2]["nude/toy"] == 1.0
        assert np.isnan(back[1]["nude/toy"]) or back[1]["nude/toy"] is None
