"""Scores and pictures as a `datasets.Dataset`: a row per image, pictures read when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset


def build(images: pd.DataFrame) -> Dataset:
    """The rows of `sdd_bench.load`, with the picture behind each path; None where there is none."""
    from datasets import Dataset, Image

    columns = {str(name): images[name].tolist() for name in images if name != "image"}
    paths = [path if path and Path(path).is_file() else None for path in images["image"]]
    return Dataset.from_dict({**columns, "image": paths}).cast_column("image", Image())
