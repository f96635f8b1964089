"""The rows of a table of runs, by who made the images: what every form is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sdd_bench.analysis import table

Row = Mapping[str, Any]
"""A row of the tidy table of runs (sdd_bench.analysis.table), by its columns."""


def by_method(tidy: pd.DataFrame) -> dict[tuple[str, str], list[Row]]:
    """The rows that have a value, in their order, by model and by what a table calls the method
    that made the images: `sdd (nudity)`, with a run's digest where two would look alike.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for model in tidy["model"].unique():
        of_one = tidy[tidy["model"] == model]
        for row, label in zip(of_one.to_dict("records"), table.labels(of_one), strict=True):
            if not pd.isna(row["value"]):
                named = {str(name): value for name, value in row.items()}
                groups.setdefault((str(model), label), []).append(named)
    return groups
