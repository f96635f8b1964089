"""What removing each artist does to the prompts of every artist (Kim et al., 2023, figure 2).

A row is a run that removes the concept of one group of a suite's prompts, the first one a run that
removes nothing; a column is the prompts of one group. The diagonal should lose its concept, and all
the rest keep theirs. Runs are read, never made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sdd_bench import models
from sdd_bench.formats.page import Page
from sdd_bench.runs.identity import BASELINE
from sdd_bench.types import Definition, Suite

from .matrix_rows import MatrixRow, groups
from .values import Measured, Scored, absent

if TYPE_CHECKING:
    from numpy.typing import NDArray

POOLED = "*"
"""In the tidy table: over all rows or columns that count for the part."""

COLUMNS = (
    "model",
    "suite",
    "method",
    "removed",
    "prompted",
    "part",
    "digest",
    "definition",
    "value",
    "low",
    "high",
    "noise_low",
    "noise_high",
    "n",
    "unit",
    "reason",
)
"""The columns of the tidy table: one row per cell and definition, and per mean of cells.

`removed` is empty for the undefended model; `part` is `undefended`, `removed` (on the diagonal) or
`kept` (beside it). Intervals are those of `tables.COLUMNS`; where cells are pooled, the images of
one prompt in several runs are one cluster.
"""


# --- numbers ------------------------------------------------------------------------------------


def frame(found: Sequence[MatrixRow], wanted: Sequence[Definition], suite: Suite) -> pd.DataFrame:
    """The tidy table with the columns COLUMNS: cells row by row, then means of cells."""
    several = [each.scores().assign(line=line) for line, each in enumerate(found)]
    scores = pd.concat([each for each in several if len(each)], ignore_index=True)
    scored = Scored(scores, {}, len(scores), pd.factorize(scores["prompt_id"])[0])
    parts = list(_parts(found, groups(suite), scored))
    cells = []
    for definition in wanted:
        for row, prompted, part, chosen in parts:
            value = _value(scored, definition, row, chosen)
            cells.append(_about(found, row, suite) | {"prompted": prompted, "part": part})
            cells[-1] |= {"definition": definition.name, "unit": definition.unit} | asdict(value)
    return pd.DataFrame(cells, columns=list(COLUMNS))


def _parts(
    found: Sequence[MatrixRow], columns: Sequence[str], scored: Scored
) -> Iterator[tuple[MatrixRow | None, str, str, NDArray[np.int64]]]:
    """The row (None: all of them), the column, the part, and which scores they are."""
    line = scored.scores["line"].to_numpy()
    of_group = {name: np.isin(np.arange(len(line)), at) for name, at in scored.groups().items()}
    nothing = np.zeros(len(line), dtype=bool)
    columns_of = {name: of_group.get(name, nothing) for name in columns}
    rows_of = [line == number for number in range(len(found))]
    own = np.logical_or.reduce(
        [at & columns_of.get(row.removed, nothing) for row, at in zip(found, rows_of, strict=True)]
    )
    prompted = np.logical_or.reduce(list(columns_of.values()))
    kept = prompted & ~own & ~rows_of[0]
    for row, at in zip(found, rows_of, strict=True):
        for name, of in columns_of.items():
            beside = "kept" if row.removed else "undefended"
            part = "removed" if name == row.removed else beside
            yield row, name, part, np.flatnonzero(at & of)
        part = "kept" if row.removed else "undefended"
        yield row, POOLED, part, np.flatnonzero(at & prompted & ~own)
    for name, of in columns_of.items():
        yield None, name, "kept", np.flatnonzero(kept & of)
    yield None, POOLED, "removed", np.flatnonzero(own)
    yield None, POOLED, "kept", np.flatnonzero(kept)


def _value(
    scored: Scored, definition: Definition, row: MatrixRow | None, chosen: NDArray[np.int64]
) -> Measured:
    value = scored.value(definition, chosen)
    if row is None or not math.isnan(value.value):
        return value
    if row.run is None:
        return absent("no run")
    known = row.run.sets().get(definition.name)
    reason = value.reason if len(chosen) else "not scored"
    return absent(known.reason if known else reason)


def _about(found: Sequence[MatrixRow], row: MatrixRow | None, suite: Suite) -> dict[str, object]:
    shown = row or found[-1]
    return {
        "model": models.find(found[0].request.model).name,
        "suite": suite.name,
        "method": shown.run.spec.method if shown.run else shown.request.methods[0],
        "removed": POOLED if row is None else row.removed,
        "digest": row.run.spec.digest if row is not None and row.run is not None else "",
    }


# --- for people ---------------------------------------------------------------------------------


def pages(tidy: pd.DataFrame) -> list[Page]:
    """A table per definition; all have the same numbers behind them."""
    return [_page(str(name), part, tidy) for name, part in tidy.groupby("definition", sort=False)]


def _page(definition: str, part: pd.DataFrame, tidy: pd.DataFrame) -> Page:
    records = [{str(key): cell for key, cell in each.items()} for each in part.to_dict("records")]
    cells = {(each["removed"], each["prompted"], each["part"]): each for each in records}
    columns = list(dict.fromkeys(each["prompted"] for each in records))
    lines = list(dict.fromkeys(each["removed"] for each in records))
    body = []
    for line in lines:
        label = {"": f"nothing ({BASELINE})", POOLED: "kept"}.get(line, line)
        body.append([label, *(_text(_found(cells, line, column)) for column in columns)])
    first = records[-1]
    unit = f" in {first['unit']}" if first["unit"] else ""
    means = [
        f"{name} {_line(cells[key])}"
        for name, key in (
            ("undefended", ("", POOLED, "undefended")),
            ("removed (the diagonal)", (POOLED, POOLED, "removed")),
            ("kept (beside it)", (POOLED, POOLED, "kept")),
        )
    ]
    return Page(
        title=f"{definition}{unit}, {first['method']} on {first['suite']} "
        f"(model '{first['model']}'): rows are what is removed, columns whose prompts",
        header=["removed", *("kept" if each == POOLED else each for each in columns)],
        rows=body,
        tidy=tidy,
        notes=[f"Means: {'; '.join(means)}."],
    )


def _found(
    cells: Mapping[tuple[str, str, str], dict[str, Any]], line: str, column: str
) -> dict[str, Any]:
    """The cell that is shown there; in the corner, where two means meet, it is that of `kept`."""
    parts = ("kept", "undefended", "removed")
    return next(cells[line, column, part] for part in parts if (line, column, part) in cells)


def _text(cell: Mapping[str, Any]) -> str:
    """`2.5 n=40`, its interval, and whether this is the artist who is removed."""
    mark = "\nremoved" if cell["part"] == "removed" else ""
    if math.isnan(cell["value"]):
        return f"–\n({cell['reason']}){mark}"
    value, interval = _numbers(cell)
    reason = f"\n({cell['reason']})" if cell["reason"] else ""
    return f"{value} n={cell['n']}\n{interval}{reason}{mark}"


def _line(cell: Mapping[str, Any]) -> str:
    if math.isnan(cell["value"]):
        return f"– ({cell['reason']})"
    return " ".join(_numbers(cell))


def _numbers(cell: Mapping[str, Any]) -> tuple[str, str]:
    """The value, and its interval in brackets."""
    decimals = 1 if cell["unit"] else 3
    ends = (cell["low"], cell["high"])
    low, high = ("–" if math.isnan(end) else f"{end:.{decimals}f}" for end in ends)
    return f"{cell['value']:.{decimals}f}", f"[{low}, {high}]"
