"""The same prompts and noise by several methods (Kim et al., 2023, figures 6 to 9)."""

from __future__ import annotations

from collections.abc import Sequence

from sdd_bench.analysis.grid import chosen
from sdd_bench.runs.run import Run

from .sheet import Sheet, Tile
from .viewing import Viewer


def arranged(
    runs: Sequence[Run],
    methods: Sequence[str],
    viewer: Viewer,
    *,
    prompts: int,
    images: int,
    named: Sequence[str] = (),
) -> Sheet:
    """A row per method (or folder of a run), a column per prompt and noise. Raises InputError."""
    lines, samples = chosen(runs, methods, prompts=prompts, images=images, named=named)
    return Sheet(
        rows=list(methods),
        columns=[sample.prompt.text for sample in samples],
        tiles=[[Tile(viewer.look(run, sample)) for sample in samples] for run in lines],
    )
