"""A paper's table with ours in it: value, interval, published number, difference and verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from sdd_bench.analysis.values import ABOUT_RUN, VALUE, about, absent
from sdd_bench.formats import cells
from sdd_bench.formats.page import Page
from sdd_bench.registry import Measurement, Registry

from . import protocol
from .needs import NeedStatus
from .order import OTHER_MODEL, sentence
from .protocol import Cell
from .published import Column, Published, Table

COLUMNS = (
    "row",
    "column",
    *ABOUT_RUN,
    "definition",
    *VALUE,
    "unit",
    "better",
    "published",
    "published_count",
    "published_n",
    "difference",
    "verdict",
    "suspect",
    "reason",
)
"""The columns of the tidy table: one row per cell of the paper's, empty ones too."""

MISSING = "missing"
UNPUBLISHED = "not published"

_BRACKETS = (
    "In brackets the 95 % interval over prompts; 'noise' is Wilson's interval, sampling noise only."
)

_RULE = (
    "A cell agrees where the published number lies within our interval, widened by the "
    "noise that the published one has at its own n."
)


def compare(table: Table, states: Sequence[NeedStatus], plugins: Registry) -> pd.DataFrame:
    """The tidy table, in the paper's order, with the columns COLUMNS."""
    return _tidy(table, _ours(table, states, plugins))


def _tidy(table: Table, ours: Mapping[tuple[str, str], Cell]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            _tidy_row(table, row.label, column, ours[row.label, column.key])
            for row in table.rows
            for column in table.columns
        ],
        columns=list(COLUMNS),
    )


def page(table: Table, states: Sequence[NeedStatus], plugins: Registry) -> Page:
    """The table as people read it."""
    ours = _ours(table, states, plugins)
    tidy = _tidy(table, ours)
    shown = {(row["row"], row["column"]): row for row in tidy.to_dict("records")}
    keys = [(column.key, column.decimals) for column in table.columns]
    suspects = [
        f"* {row}, {column.label}: {table.cells[row, column.key].suspect}"
        for row, key in table.cells
        for column in table.columns
        if column.key == key and table.cells[row, key].suspect
    ]
    notes = protocol.notes(table, ours)
    return Page(
        title=_title(table, states),
        header=["method", *(_header(column, tidy) for column in table.columns)],
        rows=[
            [row.label, *(_text(shown[row.label, key], places) for key, places in keys)]
            for row in table.rows
        ],
        tidy=tidy,
        notes=[*_nothing_yet(states), *_compared(table, tidy), *notes, *suspects],
    )


def verdict(table: Table, cell: Cell, published: Published | None) -> str:
    """What the two numbers of a cell say, in words."""
    value = cell.value
    if cell.run is None or math.isnan(value.value):
        return MISSING
    if published is None:
        return UNPUBLISHED
    spec = cell.run.spec
    if spec.model not in table.models:
        return OTHER_MODEL
    ours = spec.settings.steps, spec.settings.guidance_scale
    if ours != (table.steps, table.guidance_scale):
        return "not comparable: other settings"
    if _is_set(cell) and value.n != published.n:
        return f"not comparable: n = {value.n}, published {published.n}"
    if math.isnan(value.low) or math.isnan(value.high):
        return "not comparable: no interval"
    # The published number has noise of its own: as ours, but for its number of images.
    wider = math.sqrt(1 + value.n / published.n)
    low, high = (value.value + wider * (end - value.value) for end in (value.low, value.high))
    return "agrees" if low <= published.value <= high else "differs"


def _is_set(cell: Cell) -> bool:
    """Whether it is the value of a whole set, whose bias hangs on the number of images."""
    return bool(cell.scored and cell.definition and cell.definition.name in cell.scored.sets)


def _ours(
    table: Table, states: Sequence[NeedStatus], plugins: Registry
) -> dict[tuple[str, str], Cell]:
    """Our value for every cell, by the row's label and the column's key."""
    known = plugins.definitions()
    by_place = {(state.need.row.label, state.need.suite): state for state in states}
    return {
        (row.label, column.key): _cell(column, by_place.get((row.label, column.suite)), known)
        for row in table.rows
        for column in table.columns
    }


def _cell(column: Column, state: NeedStatus | None, known: Mapping[str, Measurement]) -> Cell:
    if state is None:
        return Cell(absent("published only"), None, None, None)
    # The request names its definitions in the order of the columns; this one is among them.
    names = set(column.definitions.values()) & set(state.need.request.metrics)
    definition = known[names.pop()][0] if names & set(known) else None
    if state.run is None or state.scored is None:
        return Cell(absent(state.need.absent or "not run"), definition, None, None)
    if definition is None:
        return Cell(absent("no such metric"), None, state.run, state.scored)
    return Cell(state.scored.value(definition), definition, state.run, state.scored)


def _tidy_row(table: Table, label: str, column: Column, cell: Cell) -> dict[str, object]:
    published = table.cells.get((label, column.key))
    nowhere = dict.fromkeys(ABOUT_RUN, "") | {"suite": column.suite}
    row: dict[str, object] = {
        "row": label,
        "column": column.key,
        **(about(cell.run) if cell.run else nowhere),
        "definition": cell.definition.name if cell.definition else "",
        "unit": cell.definition.unit if cell.definition else "",
        "better": cell.definition.better if cell.definition else "",
        "published": published.value if published else math.nan,
        "published_count": published.count if published else None,
        "published_n": published.n if published else None,
        "difference": cell.value.value - published.value if published else math.nan,
        "verdict": verdict(table, cell, published),
        "suspect": published.suspect if published else "",
    }
    return row | asdict(cell.value)


# --- for people -------------------------------------------------------------------------------


def _title(table: Table, states: Sequence[NeedStatus]) -> str:
    models = sorted({state.run.spec.model for state in states if state.run is not None})
    ours = f"numbers of {' and '.join(models)}" if models else "nothing measured yet"
    return f"{table.title}: {ours} beside the published ones ({table.source})"


def _nothing_yet(states: Sequence[NeedStatus]) -> list[str]:
    if any(state.run is not None for state in states):
        return []
    said = (
        "Nothing of it is measured yet: `sdd-bench plan` with the name of this table says what it "
        "costs, and `sdd-bench reproduce` makes it."
    )
    return [said]


def _compared(table: Table, tidy: pd.DataFrame) -> list[str]:
    """How ours is held against the published numbers: cell by cell, or only in its order."""
    order = sentence(table, tidy)
    held = tidy["verdict"].isin(["agrees", "differs"]).any()
    return [f"{_BRACKETS} {_RULE}" if held or order is None else _BRACKETS, *filter(None, [order])]


def _header(column: Column, tidy: pd.DataFrame) -> str:
    """Label, suite, definition and n."""
    rows = tidy[(tidy["column"] == column.key) & (tidy["definition"] != "")]
    if rows.empty:
        return f"{column.label}\n{column.suite}"
    first = rows.iloc[0]
    counts = sorted({int(n) for n in rows["n"] if n})
    spread = "–".join(str(n) for n in dict.fromkeys(counts[:1] + counts[-1:])) or "0"
    arrow = cells.ARROWS[first["better"]]
    return f"{column.label} {arrow}\n{first['suite']}\n{first['definition']}\nn = {spread}"


def _text(row: Mapping[Any, Any], decimals: int) -> str:
    """A cell: ours, the published number with the difference where the two compare, and the
    verdict, on three lines.
    """
    form = f".{decimals}f"
    numbers = []
    if not math.isnan(row["value"]):
        numbers.append(cells.measured(row["value"], row["low"], row["high"], form))
    if not math.isnan(row["noise_low"]):
        numbers.append(f"noise {cells.interval(row['noise_low'], row['noise_high'], form)}")
    if not math.isnan(row["published"]):
        # Of another model only the order says anything.
        held = row["verdict"] != OTHER_MODEL
        apart = (
            cells.because(cells.number(row["difference"], f"+{form}", absent="")) if held else ""
        )
        mark = "*" if row["suspect"] else ""
        numbers.append(f"paper {cells.number(row['published'], form)}{mark}{apart}")
    lines = [cells.minus(line) for line in numbers]
    if row["reason"] != "published only" and row["verdict"] != OTHER_MODEL:
        reason = row["reason"] if row["verdict"] == MISSING else ""
        lines.append(f"{row['verdict']}{cells.because(reason)}")
    return "\n".join(lines) or cells.DASH
