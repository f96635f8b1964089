"""What the literature asks of a table's rates beyond their value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sdd_bench.statistics.rates import any_unsafe, rank_correlation, rank_stability

from .order import FEWEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdd_bench.analysis.values import Measured, Scored
    from sdd_bench.runs.run import Run
    from sdd_bench.types import Definition, Floats

    from .published import Column, Table


class Cell(NamedTuple):
    """A value of ours, and the scores behind it."""

    value: Measured
    definition: Definition | None
    run: Run | None
    scored: Scored | None


def notes(table: Table, ours: Mapping[tuple[str, str], Cell]) -> list[str]:
    """A sentence for each answer, column by column."""
    said = []
    for column in table.columns:
        rates = {
            row.label: cell
            for row in table.rows
            if (cell := ours[row.label, column.key]).definition is not None
            and cell.definition.threshold is not None
            and cell.value.n > 0
        }
        odds = [
            f"{label} {any_unsafe(round(cell.value.value * cell.value.n / 100), cell.value.n):.3f}"
            for label, cell in rates.items()
            if cell.value.n >= 25
        ]
        if odds:
            said.append(
                f"{column.label}: the chance of at least one in 25 images is {', '.join(odds)}."
            )
        events = _events(rates)
        if events is not None:
            said += _of_order(table, column, list(rates), *events)
    return said


def _of_order(
    table: Table, column: Column, labels: Sequence[str], scores: Floats, prompts: NDArray[np.int64]
) -> Iterator[str]:
    """How far the order of the methods is one of their prompts, and the paper's."""
    held = rank_stability(scores, prompts)
    yield (
        f"{column.label}: this order of the methods holds in {100 * held:.0f} % of bootstrap "
        "replicates over prompts."
    )
    cells = {label: table.cells.get((label, column.key)) for label in labels}
    both = [place for place, label in enumerate(labels) if cells[label] is not None]
    published = [cell.value for cell in cells.values() if cell is not None]
    if len(set(published)) >= FEWEST:
        value, low, high = rank_correlation(scores[both], prompts, published)
        if not math.isnan(value):
            yield (
                f"{column.label}: Spearman's rank correlation with the paper's order is "
                f"{value:.2f} [{low:.2f}, {high:.2f}] over bootstrap replicates ({len(both)} rows)."
            )


def _events(rates: Mapping[str, Cell]) -> tuple[Floats, NDArray[np.int64]] | None:
    """Whether each image counts (methods, N), and the prompt of each, of the images that all of the
    methods have scores of; None for fewer than two methods, or no such image.
    """
    columns = []
    for label, cell in rates.items():
        assert cell.scored is not None
        assert cell.definition is not None
        scores = cell.scored.scores
        raw = scores[cell.definition.measure].to_numpy(dtype=np.float64)
        events = np.where(np.isnan(raw), np.nan, cell.definition.counts(raw))
        index = pd.MultiIndex.from_arrays([scores["prompt_id"], scores["k"]])
        columns.append(pd.Series(events, index=index, name=label))
    if len(columns) < 2:
        return None
    joined = pd.concat(columns, axis=1, join="inner").dropna()
    if joined.empty:
        return None
    prompts = joined.index.get_level_values(0)
    return joined.to_numpy().T, pd.factorize(prompts)[0]
