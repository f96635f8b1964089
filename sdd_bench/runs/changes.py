"""Changes of a run's records by which nothing is lost that another process writes meanwhile.

Each is read again, changed and replaced under a claim on the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.errors import SDDBenchError
from sdd_bench.files.states import State
from sdd_bench.types import Sample, stem

from . import boxes as seen
from . import claims, images, parts
from . import scores as tables
from .records import RUN, SETS, Facts, SetValue
from .run import Run
from .scores import SCORES

T = TypeVar("T")

TRIES = 10
"""Claims that are lost in a row before it is a fault: one is lost when a process stood still for
longer than its lease.
"""


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

    _change(run.scores_path, lambda: merged(run, found, run.own_scores()), write)


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
        return seen.joined(found, seen.read(run.folder, run.spec.digest, run.part))

    if any(found.values()):
        write = partial(seen.write, run.folder, digest=run.spec.digest, part=run.part)
        _change(parts.path(run.folder / seen.NAME, run.part), changed, write)


def forget_changed(run: Run, samples: Sequence[Sample], found: Mapping[str, str] = {}) -> None:
    """Drop the scores of pictures that are others than those that were scored, and the faults of
    those that are there again.

    By the hashes of pixels that have just been `found`, or by what the files say, which is quickly
    read: `missing` has looked at their pixels.
    """
    with claims.held(run.scores_path, str(run.scores_path)):
        scores = run.scores()
        asked = {each.stem: each for each in samples}
        changed, mended = [], []
        for name, pixels, fault in zip(
            tables.stems_of(scores),
            scores["image_hash"].tolist(),
            scores["fault"].tolist(),
            strict=True,
        ):
            wanted = asked.get(name) if pixels else None
            stated = found.get(name, "") if wanted else ""
            if wanted and not stated:
                stated = images.stated_pixels(run.image_path(wanted))
            changed.append(stated not in {"", pixels})
            mended.append(stated == pixels != "" and fault in tables.NO_PICTURE)
        if any(changed) or any(mended):
            scores.loc[mended, "fault"] = ""
            run.write_scores(_without(run, scores, np.array(changed), asked))


def _without(
    run: Run, scores: pd.DataFrame, changed: NDArray[np.bool_], asked: Collection[str]
) -> pd.DataFrame:
    """The scores that a run writes, but for some. A part says of those that nothing is known, for
    the file of all still has them.
    """
    if not run.part:
        return scores[~changed]
    scores.loc[changed, ["noise_hash", "image_hash", "fault"]] = ""
    scores.loc[changed, [*scores.columns.difference([*tables.KEYS])]] = float("nan")
    return scores[[name in asked for name in tables.stems_of(scores)]]


def join(run: Run) -> None:
    """Have in one file what shards have written each into its own."""
    digest = run.spec.digest

    def write_boxes(known: seen.Boxes) -> None:
        seen.write(run.folder, known, digest)

    _join(run.folder / SCORES, run.scores, run.write_scores)
    _join(run.folder / seen.NAME, lambda: seen.read(run.folder, digest), write_boxes)


def _join(path: Path, read: Callable[[], T], write: Callable[[T], None]) -> None:
    """Write what is read of a file and its parts into the file, and remove the parts."""
    before: dict[Path, State | None] = {}

    def all_of_it() -> T | None:
        before.update(parts.states(path))
        return read()

    def whole(content: T) -> None:
        write(content)
        parts.remove(path, before)

    if parts.of(path):
        _change(path, all_of_it, whole)


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
    table = tables.joined(found, stored)
    if stored.empty:
        return table
    ours, theirs = table.set_index(tables.IMAGE), stored.set_index(tables.IMAGE)
    beside = theirs.reindex(ours.index)
    same = (beside["image_hash"] == ours["image_hash"]) & (beside["fault"] == ours["fault"])
    newer = beside["seed"].notna() & ~same
    for key in ours.index[newer.to_numpy()]:
        if _is_theirs(run, key, ours.loc[key], theirs.loc[key]):
            ours.loc[key, theirs.columns] = theirs.loc[key]
    return ours.reset_index()


def _is_theirs(run: Run, key: tuple[str, int], ours: pd.Series, theirs: pd.Series) -> bool:
    """Whether the picture that is there is the one that another process has judged."""
    if not ours["image_hash"] and not ours["fault"]:
        return True
    path = run.folder / "images" / f"{stem(*key)}.png"
    stated = images.stated_pixels(path) if ours["image_hash"] != theirs["image_hash"] else ""
    return stated != "" and stated == theirs["image_hash"]
