"""Scores and pictures as a `datasets.Dataset`: a row per image, pictures read when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench.runs.images import shows
from sdd_bench.runs.scores import NO_PICTURE

if TYPE_CHECKING:
    import pandas as pd
    from datasets import Dataset


def build(images: pd.DataFrame) -> Dataset:
    """The rows of `sdd_bench.load`, with the picture behind each path; None where there is none, or
    another than was scored. Raises SDDBenchError for one that cannot be read.
    """
    from datasets import Dataset, Image

    columns = {str(name): images[name].tolist() for name in images if name != "image"}
    rows = zip(images["image"], images["image_hash"], images["fault"], strict=True)
    paths = [_picture(*row) for row in rows]
    return Dataset.from_dict({**columns, "image": paths}).cast_column("image", Image())


def _picture(path: str, pixels: str, fault: str) -> str | None:
    """The path, from wherever it is read later; None if a picture there would be of no use."""
    if not path or fault in NO_PICTURE or not shows(Path(path), pixels):
        return None
    return str(Path(path).absolute())
