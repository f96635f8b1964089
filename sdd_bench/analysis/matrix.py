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
from sdd_bench.formats import cells
from sdd_bench.formats.page import Page
from sdd_bench.runs.identity import BASELINE
from sdd_bench.types import Definition, Suite

from .matrix_rows import MatrixRow, groups
from .values import PLACE, VALUE, Measured, Scored, about, absent

if TYPE_CHECKING:
    from numpy.typing import NDArray

POOLED = "*"
"""The name, in the tidy table, of all rows or columns that count for the part."""

_CELL = ("removed", "prompted", "part")
"""The columns by which a cell or a mean of cells is known."""

COLUMNS = (*PLACE, *_CELL, "digest", "definition", *VALUE, "unit", "reason")
"""The columns of the tidy table: one row per cell and definition, and per mean of cells.

`removed` is empty for the undefended model; `part` is `undefended`, `removed` (on the diagonal) or
`kept` (beside it). Where cells are pooled, the images of one prompt in several runs are one
cluster.
"""


# --- numbers ------------------------------------------------------------------------------------


def frame(
    rows: Sequence[MatrixRow], definitions: Sequence[Definition], suite: Suite
) -> pd.DataFrame:
    """The tidy table with the columns COLUMNS: cells row by row, then means of cells."""
    by_row = [row.scores().assign(line=line) for line, row in enumerate(rows)]
    scores = pd.concat([part for part in by_row if len(part)], ignore_index=True)
    scored = Scored(scores, {}, len(scores), pd.factorize(scores["prompt_id"])[0])
    parts = list(_parts(rows, groups(suite), scored))
    tidy = [
        _about(rows, row, suite)
        | {"prompted": prompted, "part": part}
        | {"definition": definition.name, "unit": definition.unit}
        | asdict(_value(scored, definition, row, at))
        for definition in definitions
        for row, prompted, part, at in parts
    ]
    return pd.DataFrame(tidy, columns=list(COLUMNS))


def _parts(
    rows: Sequence[MatrixRow], columns: Sequence[str], scored: Scored
) -> Iterator[tuple[MatrixRow | None, str, str, NDArray[np.int64]]]:
    """Each cell and each mean: its row (None: all of them), its column, its part, and which scores
    are in it.
    """
    line = scored.scores["line"].to_numpy()
    of_group = {name: np.isin(np.arange(len(line)), at) for name, at in scored.groups().items()}
    nothing = np.zeros(len(line), dtype=bool)
    columns_of = {name: of_group.get(name, nothing) for name in columns}
    rows_of = [line == number for number in range(len(rows))]
    diagonal = np.logical_or.reduce(
        [at & columns_of.get(row.removed, nothing) for row, at in zip(rows, rows_of, strict=True)]
    )
    prompted = np.logical_or.reduce(list(columns_of.values()))
    kept = prompted & ~diagonal & ~rows_of[0]
    for row, at in zip(rows, rows_of, strict=True):
        for name, of in columns_of.items():
            beside = "kept" if row.removed else "undefended"
            part = "removed" if name == row.removed else beside
            yield row, name, part, np.flatnonzero(at & of)
        part = "kept" if row.removed else "undefended"
        yield row, POOLED, part, np.flatnonzero(at & prompted & ~diagonal)
    for name, of in columns_of.items():
        yield None, name, "kept", np.flatnonzero(kept & of)
    yield None, POOLED, "removed", np.flatnonzero(diagonal)
    yield None, POOLED, "kept", np.flatnonzero(kept)


def _value(
    scored: Scored, definition: Definition, row: MatrixRow | None, at: NDArray[np.int64]
) -> Measured:
    value = scored.value(definition, at)
    if row is None or not math.isnan(value.value):
        return value
    if row.run is None:
        return absent("no run")
    known = row.run.sets().get(definition.name)
    reason = value.reason if len(at) else "not scored"
    return absent(known.reason if known else reason)


def _about(rows: Sequence[MatrixRow], row: MatrixRow | None, suite: Suite) -> dict[str, object]:
    if row is None:
        return _about(rows, rows[-1], suite) | {"removed": POOLED, "digest": ""}
    if row.run is not None:
        return {**about(row.run), "removed": row.removed}
    place = (models.find(row.request.model).name, suite.name, row.request.methods[0])
    return {**dict(zip(PLACE, place, strict=True)), "removed": row.removed, "digest": ""}


# --- for people ---------------------------------------------------------------------------------


def pages(tidy: pd.DataFrame) -> list[Page]:
    """A table per definition; all have the same numbers behind them."""
    return [_page(str(name), part, tidy) for name, part in tidy.groupby("definition", sort=False)]


def _page(definition: str, part: pd.DataFrame, tidy: pd.DataFrame) -> Page:
    records = _records(part)
    shown = {tuple(row[key] for key in _CELL): row for row in records}
    behind = lines(part)
    columns = [row["prompted"] for row in next(iter(behind.values()))]
    body = []
    for line, row in behind.items():
        label = {"": f"nothing ({BASELINE})", POOLED: "kept"}.get(line, line)
        body.append([label, *map(_text, row)])
    last = records[-1]
    unit = f" in {last['unit']}" if last["unit"] else ""
    means = [
        f"{name} {_line(shown[key])}"
        for name, key in (
            ("undefended", ("", POOLED, "undefended")),
            ("removed (the diagonal)", (POOLED, POOLED, "removed")),
            ("kept (beside it)", (POOLED, POOLED, "kept")),
        )
    ]
    return Page(
        title=f"{definition}{unit}, {last['method']} on {last['suite']} "
        f"(model '{last['model']}'): rows are what is removed, columns whose prompts",
        header=["removed", *("kept" if column == POOLED else column for column in columns)],
        rows=body,
        tidy=tidy,
        notes=[f"Means: {'; '.join(means)}."],
    )


def lines(part: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows of the tidy table of one definition that are shown, line by line: the cells of the
    page without their text.
    """
    records = _records(part)
    shown = {tuple(row[key] for key in _CELL): row for row in records}
    columns = list(dict.fromkeys(row["prompted"] for row in records))
    return {
        line: [_at(shown, line, column) for column in columns]
        for line in dict.fromkeys(row["removed"] for row in records)
    }


def _records(part: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): content for key, content in row.items()} for row in part.to_dict("records")]


def _at(shown: Mapping[tuple[str, ...], dict[str, Any]], line: str, column: str) -> dict[str, Any]:
    """The record that is shown there; in the corner, where two means meet, it is that of `kept`."""
    parts = ("kept", "undefended", "removed")
    return next(shown[line, column, part] for part in parts if (line, column, part) in shown)


def _text(row: Mapping[str, Any]) -> str:
    """The lines of a cell: `2.5 n=40`, its interval, and whether the artist is the removed one."""
    mark = "\nremoved" if row["part"] == "removed" else ""
    reason = f"\n({row['reason']})" if row["reason"] else ""
    if math.isnan(row["value"]):
        return f"{cells.DASH}{reason}{mark}"
    form = _form(row)
    count = f"{cells.number(row['value'], form)} n={row['n']}"
    return f"{count}\n{cells.interval(row['low'], row['high'], form)}{reason}{mark}"


def _line(row: Mapping[str, Any]) -> str:
    if math.isnan(row["value"]):
        return cells.dash(row["reason"])
    return cells.measured(row["value"], row["low"], row["high"], _form(row))


def _form(row: Mapping[str, Any]) -> str:
    return ".1f" if row["unit"] else ".3f"
