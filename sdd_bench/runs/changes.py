"""Changes of a run's records by which nothing is lost that another process writes meanwhile.

Each is read again, changed and replaced under a claim on the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd

from sdd_bench.errors import SDDBenchError
from sdd_bench.types import Sample, stem

from . import boxes as seen
from . import claims, images
from .records import RUN, SETS, Facts, SetValue
from .run import Run
from .scores import KEYS, SCORES

T = TypeVar("T")

TRIES = 10
"""Claims that are lost in a row before it is a fault: one is lost when a process stood still for
longer than its lease.
"""

_IMAGE = ["prompt_id", "k"]
"""The columns that say which image a row is about."""


def facts(run: Run, change: Callable[[Facts], Facts]) -> None:
    """Change what is known about how a run went."""

    def changed() -> Facts | None:
        known = run.facts()
        new = change(known)
        return None if new == known else new

    _change(run.folder / RUN, changed, run.write_facts)


def scores(
    run: Run, found: pd.DataFrame, told: Callable[[pd.DataFrame], None] = lambda _: None
) -> None:
    """Write a table of scores, with whatever else others have scored.

    `told` is given all that was written, before anybody else may write.
    """

    def write(table: pd.DataFrame) -> None:
        run.write_scores(table)
        told(table)

    _change(run.folder / SCORES, lambda: merged(run, found, run.scores()), write)


def sets(run: Run, before: Mapping[str, SetValue], after: Mapping[str, SetValue]) -> None:
    """Write those values of set metrics that are others than before."""
    names = {*before, *after}
    other = {name for name in names if before.get(name) != after.get(name)}

    def changed() -> dict[str, SetValue]:
        values = {name: each for name, each in run.sets().items() if name not in other}
        return values | {name: after[name] for name in other if name in after}

    if other:
        _change(run.folder / SETS, changed, run.write_sets)


def boxes(run: Run, found: seen.Boxes) -> None:
    """Write what was seen in images, with whatever was seen in others."""

    def changed() -> seen.Boxes:
        known = seen.read(run.folder, run.spec.digest)
        return {name: {**known.get(name, {}), **found.get(name, {})} for name in {*known, *found}}

    if any(found.values()):
        write = partial(seen.write, run.folder, digest=run.spec.digest)
        _change(run.folder / seen.NAME, changed, write)


def forget_changed(run: Run, samples: Sequence[Sample], found: Mapping[str, str]) -> None:
    """Drop the scores of pictures that are others than those that were scored, by the hashes of
    pixels that have been `found`, or what the files say.
    """
    with claims.held(run.folder / SCORES, str(run.folder / SCORES)):
        run.forget_changed(samples, found)


def _change(path: Path, changed: Callable[[], T | None], write: Callable[[T], None]) -> None:
    """Read, change and write a record; all of it again if the claim on it was lost meanwhile.

    Raises SDDBenchError if it is lost again and again: a disk on which no claim lasts.
    """
    for _ in range(TRIES):
        with claims.held(path, str(path)) as claim:
            content = changed()
            if content is None:
                return
            if claim.renew():
                write(content)
                return
    raise SDDBenchError(
        f"cannot write {path}: what keeps other processes from it is gone again and again, as on a "
        "network disk that has lost its server; run the same command again when it is back"
    )


# --- tables of scores -------------------------------------------------------------------------


def merged(run: Run, found: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The rows of both tables, those of `found` first, and of rows in both what either has."""
    if stored.empty:
        return found
    ours, theirs = found.set_index(_IMAGE), stored.set_index(_IMAGE)
    others = theirs.loc[~theirs.index.isin(ours.index)]
    beside = theirs.reindex(ours.index)
    same = (beside["image_hash"] == ours["image_hash"]) & (beside["fault"] == ours["fault"])
    for column in theirs.columns.difference([*KEYS]):
        own = ours[column] if column in ours else pd.Series(float("nan"), ours.index)
        ours[column] = own.where(own.notna() | ~same, beside[column])
    newer = beside["seed"].notna() & ~same
    for key in ours.index[newer.to_numpy()]:
        if _is_theirs(run, key, ours.loc[key], theirs.loc[key]):
            ours.loc[key, theirs.columns] = theirs.loc[key]
    return pd.concat([ours, others]).reset_index()


def _is_theirs(run: Run, key: tuple[str, int], ours: pd.Series, theirs: pd.Series) -> bool:
    """Whether the picture that is there is the one that another process has judged."""
    if not ours["image_hash"] and not ours["fault"]:
        return True
    path = run.folder / "images" / f"{stem(*key)}.png"
    stated = images.stated_pixels(path) if ours["image_hash"] != theirs["image_hash"] else ""
    return stated != "" and stated == theirs["image_hash"]
