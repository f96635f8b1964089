"""One pass over the images of a run: every metric that lacks some of them, batch by batch.

What is done is written as it comes, so that a killed process loses a minute at most.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.errors import SDDBenchError
from sdd_bench.progress import watch
from sdd_bench.runs import changes
from sdd_bench.runs.boxes import Seen
from sdd_bench.runs.faults import NOT_OURS, blank, fault_of
from sdd_bench.runs.run import KEYS, Run
from sdd_bench.types import Features, PairMetric, Pixels, Sample, SetMetric

from . import batches
from .batches import Batch
from .border import Judge
from .kept import KeptFeatures, Picture
from .task import Task, Track

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

    def score(
        self, todo: Mapping[str, NDArray[np.bool_]], needed: NDArray[np.bool_], track: Track
    ) -> None:
        """Fill the rows of the table that are needed, and write it."""
        self._wrote = clock()
        try:
            with watch.saving(self.save), track(int(needed.sum())) as advance:
                for rows in batches.tiles(np.flatnonzero(needed)):
                    self._score_tile(rows, [name for name in todo if todo[name][rows].any()])
                    advance(len(rows))
            self._done = True
        finally:
            self.save()

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
        changes.scores(self.task.run, self.table.drop(columns=empty))
        self.kept.write()
        self._wrote = clock()
        self._pause = min(MOST, max(LEAST, (self._wrote - began) / SHARE))

    def _save_now_and_then(self) -> None:
        if clock() >= self._wrote + self._pause:
            self.save()

    def _score_tile(self, rows: NDArray[np.int64], due: Sequence[str]) -> None:
        samples = [self.task.samples[row] for row in rows.tolist()]
        batch, noise = _load(self.task.run, samples)
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
                    other, paired = self._baseline(batch, noise, samples, left)
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
        hashes = np.array([_hash(pixels) for pixels in pictures], dtype=object)
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

    def _baseline(
        self,
        batch: Batch,
        noise: Sequence[str],
        samples: Sequence[Sample],
        discarded: NDArray[np.bool_],
    ) -> tuple[Batch, NDArray[np.bool_]]:
        """The baseline's pictures, and which of them make a pair: of the same noise and size."""
        assert self.task.baseline is not None, "pair metrics without a baseline are not asked for"
        pictures, size = batch.images.pixels[: len(samples)], batch.images.pixels.shape[1:]
        loaded = [
            (same, "") if gone else self.task.baseline.load_image(sample)
            for sample, same, gone in zip(samples, pictures, discarded, strict=True)
        ]
        usable = np.array(
            [
                other.shape == size and not blank(other) and ours == theirs != ""
                for (other, theirs), ours in zip(loaded, noise, strict=True)
            ]
        )
        # What can't be compared is compared with itself, so that the batch stays whole, and
        # dropped.
        others = [
            other if use else same
            for (other, _), use, same in zip(loaded, usable, pictures, strict=True)
        ]
        return batches.batch(others, batch.images.captions[: len(samples)]), usable

    # --- sets ---

    def pictures(self) -> list[Picture]:
        """The images that a set consists of."""
        whole = self.table[self.table["fault"] == ""]
        stems = [sample.stem for sample in self.task.samples]
        return [
            (stems[int(row)], str(pixels))
            for row, pixels in zip(whole.index, whole["image_hash"], strict=True)
        ]

    def error(self, measure: str) -> SDDBenchError:
        """Why a measure lacks features."""
        changed = SDDBenchError("the pictures have changed meanwhile: the same command goes on")
        return self.judges[measure].error or changed

    def features(self, measures: Sequence[str]) -> dict[str, Features]:
        """The features of the whole set, of the measures that have all of them."""
        pictures = self.pictures()
        found = {measure: self.kept.rows(measure, pictures) for measure in measures}
        return {measure: rows for measure, rows in found.items() if rows is not None}


def _load(run: Run, samples: Sequence[Sample]) -> tuple[Batch, list[str]]:
    """The images of up to TILE samples, filled up to TILE, and the hashes of their noise."""
    loaded = [run.load_image(sample) for sample in samples]
    batch = batches.batch(
        [pixels for pixels, _ in loaded], [sample.prompt.text for sample in samples]
    )
    return batch, [noise for _, noise in loaded]


def _hash(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
