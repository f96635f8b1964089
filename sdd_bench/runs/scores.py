"""The table of a run's images: a row for each, who it is, and every raw score."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sdd_bench import files
from sdd_bench.files.states import Latest
from sdd_bench.types import stem

SCORES = "scores.parquet"

KEYS = (
    "suite",
    "method",
    "prompt_id",
    "prompt",
    "group",
    "k",
    "seed",
    "noise_hash",
    "image_hash",
    "fault",
)
"""The columns of scores.parquet that say which image a row is about; the others are measures."""

NO_PICTURE = ("missing", "damaged", "not of this run")
"""Faults of a file that is not the run's picture: they go when the picture is there again."""

IMAGE = ["prompt_id", "k"]
"""The columns that say which image a row is about."""

_INTEGERS = ("k", "seed")

_POSSIBLE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
"""What the id of a prompt may be, which becomes the name of a file."""


def read(path: Path, digest: str) -> pd.DataFrame:
    """A table of scores, empty if there is none. Raises ValueError of what no run has written, or
    another one than that of the digest.
    """
    return _LATEST.of(path, digest, lambda: _read(path, digest)).copy()


_LATEST: Latest[pd.DataFrame] = Latest()


def _read(path: Path, digest: str) -> pd.DataFrame:
    stored = files.read_parquet(path, of=digest)
    if stored is None:
        return typed(pd.DataFrame(columns=list(KEYS)))
    if "fault" not in stored:  # tables of before pictures were looked at for faults
        stored["fault"] = ""
    try:
        found = typed(stored)
    except TypeError as error:
        raise ValueError(str(error)) from error
    _check(found)
    return found


def measures(path: Path, digest: str) -> set[str]:
    """The raw scores that there are columns of, as `read`; no row is decoded. Raises ValueError."""
    return set(files.parquet_columns(path, of=digest) or []) - set(KEYS)


def write(path: Path, scores: pd.DataFrame, digest: str) -> None:
    """Replace the table of the run with that digest. Prompts keep their order, and the images of
    one are sorted by k.
    """
    # lexsort sorts by its last key first: where the prompt first appeared, then k.
    order = np.lexsort((scores["k"], pd.factorize(scores["prompt_id"])[0]))
    ordered = typed(scores.iloc[order])
    _check(ordered)
    files.write_parquet(path, ordered, of=digest)


def typed(scores: pd.DataFrame) -> pd.DataFrame:
    """KEYS first, then the measures by name, each with its type. Raises ValueError."""
    missing = [key for key in KEYS if key not in scores]
    if missing:
        raise ValueError(f"it has no column {', '.join(missing)}")
    for key in ("prompt_id", *_INTEGERS):
        if scores[key].isna().any():
            raise ValueError(f"a row has no {key}")
    measured = sorted(set(scores.columns) - set(KEYS))
    types = {key: "int64" if key in _INTEGERS else "str" for key in KEYS}
    ordered = scores[[*KEYS, *measured]].astype(types | dict.fromkeys(measured, "float64"))
    return ordered.reset_index(drop=True)


def joined(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """The rows of both tables: of an image in both that of `ours`, with what `theirs` has besides
    of the same picture.
    """
    if theirs.empty:
        return ours
    first, second = ours.set_index(IMAGE), theirs.set_index(IMAGE)
    others = second.loc[~second.index.isin(first.index)]
    beside = second.reindex(first.index)
    same = (beside["image_hash"] == first["image_hash"]) & (beside["fault"] == first["fault"])
    for column in second.columns.difference([*KEYS]):
        own = first[column] if column in first else pd.Series(float("nan"), first.index)
        first[column] = own.where(own.notna() | ~same, beside[column])
    return pd.concat([first, others]).reset_index()


def has_picture(scores: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are about a picture that was the run's, and has been looked at."""
    return (scores["image_hash"] != "") & ~scores["fault"].isin(NO_PICTURE)


def stems_of(scores: pd.DataFrame) -> list[str]:
    """The file name, without its ending, of the image of each row of a run's scores."""
    keys, numbers = scores["prompt_id"].tolist(), scores["k"].tolist()
    return [stem(key, k) for key, k in zip(keys, numbers, strict=True)]


def _check(scores: pd.DataFrame) -> None:
    """Raise ValueError for rows that are of no image, of one image twice, or infinite."""
    impossible = [key for key in scores["prompt_id"].unique() if not _POSSIBLE_ID.fullmatch(key)]
    if impossible:
        raise ValueError(f"no image has the id {impossible[0]!r:.60}")
    if (scores["k"] < 0).any():
        raise ValueError(f"no image has the number {scores['k'].min()}")
    if scores.duplicated(IMAGE).any():
        raise ValueError("two rows of scores are about the same image")
    for name in scores.columns.difference(list(KEYS)):
        if np.isinf(scores[name]).any():
            raise ValueError(f"a score of {name} is infinite")
