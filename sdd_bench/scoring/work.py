"""One pass over the images of a run: every metric that lacks some of them, batch by batch.

What is done is written as it comes, so that a killed process loses a minute at most.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.errors import SDDBenchError
from sdd_bench.files.states import State, state
from sdd_bench.progress import watch
from sdd_bench.runs import changes, parts
from sdd_bench.runs.boxes import Seen
from sdd_bench.runs.faults import NOT_OURS, blank, fault_of
from sdd_bench.runs.run import KEYS, Run
from sdd_bench.types import Features, PairMetric, Sample, SetMetric

from . import loaded, located
from .batches import Batch
from .border import Judge
from .kept import KeptFeatures, Picture
from .sharing import Sharing
from .task import Task, Track

Rows: TypeAlias = NDArray[np.bool_]
"""A mark for each row of the table."""

MOST = 60.0
"""Seconds of scoring that a killed process may lose."""

LEAST = 2.0
"""Seconds between two times of writing, however little one takes."""

SHARE = 0.01
"""How much of the time may go into writing, as long as that leaves it at every MOST seconds."""

clock = time.monotonic
"""Seconds since some moment."""


class Work:
    """The scores of a run while they are made."""

    def __init__(self, task: Task, table: pd.DataFrame, kept: KeptFeatures) -> None:
        self.task, self.table, self.kept = task, table, kept
        self.judges = {measure: Judge(metric) for measure, metric in task.metrics.items()}
        self.without_baseline = np.zeros(len(table), dtype=bool)
        """The images whose picture of the baseline has been discarded."""
        self.seen: dict[str, dict[str, Seen]] = {}
        """What detectors saw that is not on the disk yet, by measure and stem."""
        self.refused: set[str] = set()
        """Measures that cannot be taken of some images, whose pictures have been discarded."""
        self._done = False
        """Whether all pictures have been looked at."""
        self._stored = {measure for measure in table if table[measure].notna().any()}
        self._wrote, self._pause = clock(), LEAST
        self._state = _state(task.run)
        """By what the file of the scores is known to be the one that was read or written last."""
        self._changed = False
        """Whether the table may have what others have written since `todo` was looked at."""

    @cached_property
    def _sharing(self) -> Sharing:
        """The blocks of images that this process has."""
        return Sharing.of(self.task.run, self.task.samples, self.task.whole)

    def score(self, todo: dict[str, Rows], needed: Rows, track: Track) -> None:
        """Fill the rows of the table that are needed, and write it. What others are judging is
        waited for.
        """
        self._wrote, left = clock(), needed.copy()
        with track(int(left.sum())) as advance:

            def still(rows: NDArray[np.int64]) -> NDArray[np.int64]:
                """Those of the rows that nobody has judged since."""
                self._update(todo)
                due = self._due(todo, rows)
                left[rows[~due]] = False
                advance(int((~due).sum()))
                return rows[due]

            try:
                with watch.saving(self.save):
                    while left.any():
                        before = left.sum()
                        for rows in self._sharing.tiles(np.flatnonzero(left), still):
                            due = [name for name in todo if todo[name][rows].any()]
                            self._score_tile(rows, due)
                            left[rows] = False
                            advance(len(rows))
                        if left.any():
                            self.save()  # whoever waits for these blocks may have them
                        if left.sum() == before:
                            self._sharing.wait(np.flatnonzero(left))
                self._done = True
            finally:
                try:
                    self.save()
                finally:
                    self._sharing.release(all_of_them=True)

    def _due(self, todo: Mapping[str, Rows], rows: NDArray[np.int64]) -> Rows:
        """Which of the rows some metric has to see, or nobody has looked at."""
        seen = (self.table["image_hash"] != "") | (self.table["fault"] != "")
        due: Rows = np.logical_or.reduce(
            [~seen.to_numpy()[rows], *(m[rows] for m in todo.values())]
        )
        return due

    def _update(self, todo: dict[str, Rows]) -> None:
        """Have in the table what other processes have written, and strike it out of `todo`."""
        if self._state != _state(self.task.run):
            self._state = _state(self.task.run)
            self._have(changes.merged(self.task.run, self.table, self.task.run.scores()))
        if self._changed:
            self._changed = False
            self.kept.look()
            for measure in [name for name, rows in todo.items() if rows.any()]:
                todo[measure] = todo[measure] & self.unscored(measure)

    def _have(self, merged: pd.DataFrame) -> None:
        """Have in the table what stands in one that others have added to."""
        columns = [str(name) for name in self.table if name in merged]
        self.table[columns] = merged.iloc[: len(self.table)][columns]
        self._changed = True

    def _written(self, merged: pd.DataFrame) -> None:
        self._state = _state(self.task.run)
        self._have(merged)

    def unscored(self, measure: str) -> Rows:
        """Which rows a metric has to see: those without a score, or without the boxes that belong
        to one; of sets those whose features are not kept.
        """
        if isinstance(self.task.metrics[measure], SetMetric):
            stems = [sample.stem for sample in self.task.samples]
            pictures = zip(stems, self.table["image_hash"], strict=True)
            return np.array([not self.kept.has(measure, picture) for picture in pictures], bool)
        unscored = self.table[measure].isna().to_numpy(dtype=bool)
        return unscored | located.lacking(self.task, self.table, measure)

    def save(self) -> None:
        """Write what is done. A score that failed, or was to come, before any image got it is no
        column.
        """
        began = clock()
        empty = [
            measure
            for measure, judge in self.judges.items()
            if measure in self.table
            and measure not in self._stored
            and (judge.error is not None or measure in self.refused or not self._done)
            and not judge.answered
        ]
        # First, so that what has a score has its boxes, whenever the process is killed.
        changes.boxes(self.task.run, self.seen)
        self.seen = {}
        changes.scores(self.task.run, self.table.drop(columns=empty), self._written)
        self.kept.write()
        self._sharing.release()
        self._wrote = clock()
        self._pause = min(MOST, max(LEAST, (self._wrote - began) / SHARE))

    def _save_now_and_then(self) -> None:
        if clock() >= self._wrote + self._pause:
            self.save()

    def _score_tile(self, rows: NDArray[np.int64], due: Sequence[str]) -> None:
        samples = [self.task.samples[row] for row in rows.tolist()]
        batch, noise = loaded.tile(self.task.run, samples)
        hashes = self._look(rows, samples, batch, noise)
        whole = (self.table.loc[rows, "fault"] == "").to_numpy()
        stems = [sample.stem for sample in samples]
        pictures = list(zip(stems, hashes, strict=True))
        for measure in due:
            metric, judge = self.task.metrics[measure], self.judges[measure]
            if isinstance(metric, SetMetric):
                if all(self.kept.has(measure, pictures[i]) for i in np.flatnonzero(whole)):
                    continue
                for place, row in enumerate(judge.rows([batch], stems, whole)):
                    if row is not None and whole[place]:
                        self.kept.add(measure, pictures[place], np.asarray(row))
            else:
                shown, usable, left = [batch], whole, np.zeros(len(rows), dtype=bool)
                if isinstance(metric, PairMetric):
                    left = self.without_baseline[rows]
                    assert self.task.baseline is not None, "without one nothing is asked for"
                    other, paired = loaded.paired(self.task.baseline, batch, noise, samples, left)
                    shown, usable = [batch, other], whole & paired
                found = judge.rows(shown, stems, usable)
                values = np.array([np.nan if row is None else row for row in found], dtype=float)
                known = np.where(left, self.table.loc[rows, measure], np.nan)
                self.table.loc[rows, measure] = np.where(usable, values, known)
                scored = np.flatnonzero(usable & ~np.isnan(values)).tolist()
                self._keep_seen(measure, [pictures[i] for i in scored])
            self._save_now_and_then()

    def _keep_seen(self, measure: str, pictures: Sequence[Picture]) -> None:
        """Keep what a metric has just seen in pictures that it has scored, if it says so."""
        seen = self.judges[measure].seen
        found = {stem: Seen(pixels, seen[stem]) for stem, pixels in pictures if stem in seen}
        self.seen.setdefault(measure, {}).update(found)
        seen.clear()

    def _look(
        self, rows: NDArray[np.int64], samples: Sequence[Sample], batch: Batch, noise: Sequence[str]
    ) -> list[str]:
        """Fill in what the pictures say of themselves; returns the hashes of their pixels."""
        table, pictures = self.table, batch.images.pixels[: len(rows)]
        # A picture of one colour is a failed one: it must not pass for a safe one.
        faults = np.array([blank(pixels) for pixels in pictures], dtype=object)
        hashes = np.array([loaded.hash_of(pixels) for pixels in pictures], dtype=object)
        known = table.loc[rows, "image_hash"].to_numpy()
        for place in np.flatnonzero((known != "") & (known != hashes)).tolist():
            # Other pixels than were scored: a new picture, or a file whose checksums tell of
            # damage.
            table.loc[[rows[place]], list(table.columns.difference(list(KEYS)))] = np.nan
            faults[place] = fault_of(self.task.run, samples[place], pictures[place])
        table.loc[rows, "noise_hash"] = noise
        table.loc[rows, "image_hash"] = np.where(np.isin(faults, NOT_OURS), known, hashes)
        table.loc[rows, "fault"] = faults
        return [str(each) for each in hashes]

    # --- sets ---

    def pictures(self) -> list[Picture]:
        """The images that a set consists of."""
        whole = self.table[self.table["fault"] == ""]
        stems = [sample.stem for sample in self.task.samples]
        return [
            (stems[int(row)], str(pixels))
            for row, pixels in zip(whole.index, whole["image_hash"].tolist(), strict=True)
        ]

    def error(self, measure: str) -> SDDBenchError:
        """Why a measure lacks features."""
        changed = SDDBenchError("the pictures have changed meanwhile: the same command goes on")
        return self.judges[measure].error or changed

    def features(self, measures: Sequence[str]) -> dict[str, Features]:
        """The features of the whole set, of the measures that have all of them."""
        pictures = self.pictures() if measures else []
        found = {measure: self.kept.rows(measure, pictures) for measure in measures}
        return {measure: rows for measure, rows in found.items() if rows is not None}


def _state(run: Run) -> Mapping[Path, State | None]:
    """By what scores are known to be others than before; a part asks for no others than its own."""
    return {run.scores_path: state(run.scores_path)} if run.part else parts.states(run.scores_path)
