"""Images that a detector has scored and whose boxes are not there: of former versions, or lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdd_bench.runs import boxes
from sdd_bench.runs.boxes import Seen
from sdd_bench.runs.run import stems_of
from sdd_bench.types import Locates

from .task import Task

_NONE = Seen("", ())


def lacking(task: Task, table: pd.DataFrame, measure: str) -> NDArray[np.bool_]:
    """Which rows of a run's scores have no boxes of a measure, though their pictures are there."""
    if not isinstance(task.metrics[measure], Locates) or table[measure].isna().all():
        return np.zeros(len(table), dtype=bool)
    run, stems = task.run, stems_of(table)
    found = boxes.read(run.folder, run.spec.digest).get(measure, {})
    there = run.stored() - run.discarded(task.samples)
    return np.array(
        [
            name in there and found.get(name, _NONE).pixels != pixels
            for name, pixels in zip(stems, table["image_hash"], strict=True)
        ],
        dtype=bool,
    ) & table[measure].notna().to_numpy(dtype=bool)
