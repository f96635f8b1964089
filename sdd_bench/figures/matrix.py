"""Every artist removed, against the prompts of every artist (Kim et al., 2023, figure 2)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sdd_bench.analysis import matrix_image
from sdd_bench.analysis.matrix_rows import MatrixRow
from sdd_bench.types import Sample, Suite

from .sheet import Sheet, Tile
from .viewing import Viewer


def arranged(
    rows: Sequence[MatrixRow], suite: Suite, tidy: pd.DataFrame, viewer: Viewer, *, number: int
) -> Sheet:
    """A row per removed group, a column per prompted one: image 0 of its prompt `number`, and below
    it the first value of the table of `sdd-bench matrix`. Raises InputError.
    """
    samples = matrix_image.pick_samples(suite, rows[0].request.seed, number)
    values = matrix_image.values(tidy)

    def tile(row: MatrixRow, group: str, sample: Sample) -> Tile:
        return Tile(
            viewer.look(row.run, sample) if row.run is not None else None,
            caption=values.get((row.removed, group), ""),
            outlined=row.removed == group,
        )

    return Sheet(
        rows=[f"without {row.removed}" if row.removed else "undefended" for row in rows],
        columns=[f"by {group}" for group in samples],
        tiles=[[tile(row, *of_group) for of_group in samples.items()] for row in rows],
    )
