"""Where metrics are called: what they give is checked, and what they raise is theirs alone.

A metric that fails on a batch is asked again about parts of it, so that only the images that it
cannot judge stay without a score. Whatever it does, the other metrics go on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdd_bench import plugins
from sdd_bench.errors import SDDBenchError
from sdd_bench.plugins import PluginError, name_of
from sdd_bench.statistics.intervals import jackknife_interval
from sdd_bench.types import (
    Box,
    Features,
    Floats,
    ImageMetric,
    Locates,
    Metric,
    OwnInterval,
    PairMetric,
    SetMetric,
)

from .batches import Batch

PATIENCE = 10
"""Images in a row that a metric may fail on before it is asked no more."""


class AnswerError(SDDBenchError):
    """An answer of another form than a metric gives: the next one will be no better."""


@dataclass(slots=True, eq=False)
class Judge:
    """A metric at work on a run."""

    metric: Metric
    failed: dict[str, str] = field(default_factory=dict)
    """Why there is no score, by the stem of the image."""
    stopped: SDDBenchError | None = None
    """Why it is asked no more."""
    answered: bool = False
    """Whether it has judged any image."""
    seen: dict[str, tuple[Box, ...]] = field(default_factory=dict)
    """What it saw, where it says so, by the stem of the image."""
    _in_a_row: int = 0
    _width: int | None = None

    @property
    def error(self) -> SDDBenchError | None:
        """What went wrong; None if nothing did."""
        if self.stopped is not None or not self.failed:
            return self.stopped
        first = next(iter(self.failed.values()))
        count = len(self.failed)
        return PluginError(f"{count} {'image' if count == 1 else 'images'} unscored, {first}")

    def rows(
        self, batches: Sequence[Batch], stems: Sequence[str], whole: NDArray[np.bool_]
    ) -> Rows:
        """The metric's score, or features, of each image of a batch (of two, for pairs); None for
        those without. Images that are not `whole` are shown to it, but may fail.
        """
        if self.stopped is not None:
            return [None] * len(stems)
        try:
            answer = self._asked(batches, stems)
        except PluginError as error:
            return self._parted(batches, stems, whole, error)
        except SDDBenchError as error:
            self.stopped = error
            return [None] * len(stems)
        self.answered, self._in_a_row = True, 0
        return list(answer[: len(stems)])

    def _parted(
        self,
        batches: Sequence[Batch],
        stems: Sequence[str],
        whole: NDArray[np.bool_],
        error: PluginError,
    ) -> Rows:
        """The rows of a batch that the metric failed on, asked for half by half."""
        found: Rows = [None] * len(stems)
        places = np.flatnonzero(whole).tolist()
        if places == [0] and len(stems) == 1:
            self._note(stems[0], error)
            return found
        middle = (len(places) + 1) // 2
        for part in (places[:middle], places[middle:]):
            if part:
                picked = [batch.picked(part) for batch in batches]
                rows = self.rows(picked, [stems[i] for i in part], np.ones(len(part), dtype=bool))
                for place, row in zip(part, rows, strict=True):
                    found[place] = row
        return found

    def _note(self, stem: str, error: PluginError) -> None:
        self.failed[stem] = str(error)
        self._in_a_row += 1
        if self._in_a_row >= PATIENCE:
            self.stopped = PluginError(f"{error}, as on the {PATIENCE - 1} images before")

    def _asked(self, batches: Sequence[Batch], stems: Sequence[str]) -> NDArray[Any]:
        """The metric's answer about a batch, checked. Raises SDDBenchError."""
        about = f" on {stems[0]}" if len(stems) == 1 else f" on {stems[0]} to {stems[-1]}"
        if not isinstance(self.metric, SetMetric):
            values = scores(self.metric, batches, about)
            if isinstance(self.metric, Locates):
                # Both or none: what has a score can be covered.
                self.seen.update(zip(stems, boxes(self.metric, batches[0], about), strict=False))
            return values
        rows = features(self.metric, batches[0], about)
        if self._width not in {None, rows.shape[1]}:
            raise AnswerError(
                f"{name_of(self.metric)}.features gave {rows.shape[1]} features of each image "
                f"after {self._width} of those before{about}"
            )
        self._width = rows.shape[1]
        return rows


Rows: TypeAlias = "list[Any]"
"""What a metric says of each image; None where it has failed."""


def scores(metric: ImageMetric | PairMetric, batches: Sequence[Batch], about: str = "") -> Floats:
    """The scores of a batch (for pairs of two), one for each image. Raises SDDBenchError."""
    given = [batch.given_to(metric) for batch in batches]
    count = len(given[0].pixels)
    part = "compare" if isinstance(metric, PairMetric) else "score"
    with plugins.calling(metric, part, about):
        answer = _array(
            metric.compare(*given) if isinstance(metric, PairMetric) else metric.score(*given)
        )
    if answer.shape != (count,) or answer.dtype.kind not in "fiub":
        raise AnswerError(
            f"{name_of(metric)}.{part} gave {_form(answer)}: {count} numbers are expected, one "
            "for each image"
        )
    # Infinity is no score: it counts as none.
    return np.where(np.isfinite(answer), answer, np.nan).astype(np.float64)


def boxes(metric: Locates, batch: Batch, about: str = "") -> list[tuple[Box, ...]]:
    """What a metric that has scored a batch saw in each image. Raises SDDBenchError."""
    given = batch.given_to(metric)
    with plugins.calling(metric, "boxes", about):
        answer = [tuple(found) for found in metric.boxes(given)]
    if len(answer) != len(given.pixels):
        raise AnswerError(
            f"{name_of(metric)}.boxes gave {len(answer)} lists of boxes: {len(given.pixels)} are "
            "expected, one for each image"
        )
    for box in (box for found in answer for box in found):
        if not _is_box(box):
            raise AnswerError(
                f"{name_of(metric)}.boxes gave {box!r:.150}: a Box with a label, four finite "
                "numbers and a score is expected, of which width and height are not below 0"
            )
    return answer


def _is_box(box: object) -> bool:
    if not isinstance(box, Box):
        return False
    text: object = box.label  # whatever its type says, others wrote it
    try:
        numbers = [float(each) for each in (box.score, box.x, box.y, box.width, box.height)]
    except (TypeError, ValueError):
        return False
    named = isinstance(text, str) and bool(text)
    return named and all(map(math.isfinite, numbers)) and min(numbers[3:]) >= 0


def features(metric: SetMetric, batch: Batch, about: str = "") -> Features:
    """The features of a batch, a row for each image. Raises SDDBenchError."""
    given = batch.given_to(metric)
    with plugins.calling(metric, "features", about):
        rows = _array(metric.features(given))
    count = len(given.pixels)
    if rows.ndim != 2 or len(rows) != count or not rows.shape[1] or rows.dtype.kind not in "fiu":
        raise AnswerError(
            f"{name_of(metric)}.features gave {_form(rows)}: {count} rows of numbers are "
            "expected, one for each image"
        )
    if not np.isfinite(rows[: batch.count]).all():
        raise PluginError(f"{name_of(metric)}.features gave NaN or infinity{about}")
    checked: Features = rows  # of whatever precision the metric computes in
    return checked


def distance(
    metric: SetMetric, ours: Features, real: Features, prompts: NDArray[np.object_]
) -> tuple[float, float, float]:
    """The distance of two sets of features, and the ends of its 95 % interval; NaN for too few.

    Raises SDDBenchError.
    """
    ours, real = _locked(ours), _locked(real)
    if isinstance(metric, OwnInterval):
        with plugins.calling(metric, "interval"):
            value, low, high = (float(each) for each in metric.interval(ours, real))
    else:

        def of_rows(rows: Features) -> float:
            with plugins.calling(metric, "distance"):
                return float(metric.distance(_locked(rows), real))

        value, low, high = jackknife_interval(of_rows, ours, prompts)
    if math.isinf(value):
        raise AnswerError(f"{name_of(metric)} gave an infinite distance")
    return value, low, high


def _locked(rows: Features) -> Features:
    """The rows in an array that cannot be written to: other metrics read the same ones."""
    locked = rows.view()
    locked.flags.writeable = False
    return locked


def _array(answer: object) -> NDArray[Any]:
    if isinstance(answer, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(answer.astype(np.float64), np.nan))
    return np.asarray(answer)


def _form(answer: NDArray[Any]) -> str:
    """`<U1 of shape (50,)`, or what a single thing is."""
    if answer.ndim == 0:
        return "None" if answer.item() is None else f"a single {type(answer.item()).__name__}"
    return f"{answer.dtype} of shape {answer.shape}"
