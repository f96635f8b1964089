"""From run folders to one tidy table, and from that to something to look at or to paste.

`frame` computes every number there is, once; all output formats read it.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .errors import unknown
from .results import Run, SetValue
from .statistics import cluster_interval
from .types import Definition, Value

COLUMNS = (
    "model",
    "suite",
    "method",
    "concepts",
    "digest",
    "definition",
    "value",
    "low",
    "high",
    "n",
    "unit",
    "better",
    "reason",
)
"""The columns of the tidy table: one row per run and definition. Rates are in percent."""

_ARROWS = {"lower": "↓", "higher": "↑"}

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "↓": r"$\downarrow$",
        "↑": r"$\uparrow$",
        "–": "--",
    }
)


# --- numbers ----------------------------------------------------------------------------------


def frame(runs: Sequence[Run], definitions: Sequence[Definition]) -> pd.DataFrame:
    """The tidy table of `runs` x `definitions`, in that order, with the columns COLUMNS.

    `low` and `high` are the ends of 95 % intervals. A value that couldn't be computed is NaN, and
    `reason` says why; where only some images couldn't be scored, it says how many.
    """
    rows = []
    for run in runs:
        scores, sets, images = run.scores(), run.sets(), run.facts().images
        for definition in definitions:
            value = _value(definition, scores, sets, images)
            rows.append(
                {
                    "model": run.spec.model,
                    "suite": run.spec.suite,
                    "method": run.spec.method,
                    "concepts": ", ".join(run.spec.concepts),
                    "digest": run.spec.digest,
                    "definition": definition.name,
                    "value": value.value,
                    "low": value.low,
                    "high": value.high,
                    "n": value.n,
                    "unit": definition.unit,
                    "better": definition.better,
                    "reason": value.reason,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tidy tables below one another."""
    return pd.concat(frames, ignore_index=True) if frames else frame([], [])


def _value(
    definition: Definition, scores: pd.DataFrame, sets: dict[str, SetValue], images: int
) -> Value:
    if definition.name in sets:
        return sets[definition.name]
    if definition.measure not in scores.columns:
        return Value(value=math.nan, low=math.nan, high=math.nan, n=0, reason="not scored")
    raw = scores[definition.measure].to_numpy(dtype=np.float64)
    scored = ~np.isnan(raw)
    n, total = int(scored.sum()), max(images, len(raw))
    reason = f"{total - n} of {total} images unscored" if n < total else ""
    if not n:
        return Value(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason or "no images")
    values, factor = raw[scored], 1.0
    if definition.threshold is not None:
        values, factor = (values > definition.threshold).astype(np.float64), 100.0
    interval = cluster_interval(values, scores["prompt_id"].to_numpy()[scored])
    value, low, high = (factor * each for each in interval)
    return Value(value=value, low=low, high=high, n=n, reason=reason)


# --- for people -------------------------------------------------------------------------------


def pivot(tidy: pd.DataFrame) -> pd.DataFrame:
    """The table as people read it: a row per method, a column per suite and definition, of text.

    Rows and columns come in the order of their first appearance.
    """
    cells: dict[str, dict[str, str]] = {}
    headers: dict[str, None] = {}
    for row, label in zip(tidy.to_dict("records"), _labels(tidy), strict=True):
        header = _header(row)
        headers[header] = None
        cells.setdefault(label, {})[header] = _cell(row)
    return pd.DataFrame(
        [[row.get(header, "–") for header in headers] for row in cells.values()],
        index=pd.Index(list(cells), name="method", dtype="str"),
        columns=list(headers),
    )


def _labels(tidy: pd.DataFrame) -> list[str]:
    """Method and concepts of each row; model and digest where without them two would look alike."""
    several = len(tidy["model"].unique()) > 1
    labels = [
        (f"{row['model']}: " if several else "")
        + str(row["method"])
        + (f" ({row['concepts']})" if row["concepts"] else "")
        for row in tidy.to_dict("records")
    ]
    digests: dict[tuple[str, str], set[str]] = {}
    places = list(zip(labels, tidy["suite"], strict=True))
    for place, digest in zip(places, tidy["digest"], strict=True):
        digests.setdefault(place, set()).add(digest)
    return [
        f"{label} #{digest}" if len(digests[place]) > 1 else label
        for label, place, digest in zip(labels, places, tidy["digest"], strict=True)
    ]


def _header(row: Mapping[Hashable, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{row['suite']} {row['definition']}{unit} {_ARROWS[row['better']]}"


def _cell(row: Mapping[Hashable, Any]) -> str:
    """`74.2 [71.0, 77.1] n=1000`, or a dash and the reason."""
    reason = f" ({row['reason']})" if row["reason"] else ""
    value = row["value"]
    if math.isnan(value):
        return f"–{reason}"
    decimals = 1 if row["unit"] == "%" else _decimals(value)
    low, high = (
        "–" if math.isnan(end) else f"{end:.{decimals}f}" for end in (row["low"], row["high"])
    )
    return f"{value:.{decimals}f} [{low}, {high}] n={row['n']}{reason}"


def _decimals(value: float) -> int:
    """As many as show three significant digits, at most four."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return min(max(2 - magnitude, 0), 4)


def title(tidy: pd.DataFrame) -> str:
    """The sentence above a table: which model its numbers are of."""
    models = [f"'{model}'" for model in tidy["model"].unique()]
    if not models:
        return "No results yet"
    if len(models) == 1:
        return f"Numbers of model {models[0]}; they do not compare with those of another model"
    return f"Numbers of models {' and '.join(models)}; they do not compare with one another"


# --- formats ----------------------------------------------------------------------------------


def render(tidy: pd.DataFrame, format: str, *, width: int = 120) -> str:  # noqa: A002
    """The table as 'text' (of `width` columns), 'markdown' or 'latex'; the numbers as 'csv' or
    'json'. Raises InputError for another format.
    """
    formats: dict[str, Callable[[], str]] = {
        "text": lambda: _text(tidy, width),
        "markdown": lambda: _markdown(tidy),
        "latex": lambda: _latex(tidy),
        "csv": lambda: _csv(tidy),
        "json": lambda: _json(tidy),
    }
    if format not in formats:
        raise unknown("format", format, formats)
    return formats[format]()


def _grid(tidy: pd.DataFrame) -> list[list[str]]:
    """The pivot with its header and its row labels."""
    wide = pivot(tidy)
    body = [[str(label), *cells] for label, cells in zip(wide.index, wide.to_numpy(), strict=True)]
    return [[str(wide.index.name), *wide.columns], *body]


def _text(tidy: pd.DataFrame, width: int) -> str:
    header, *rows = _grid(tidy)
    # Text, not str: rich would read the brackets of an interval as markup.
    table = Table()
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(Text(title(tidy)))
        console.print(table)
    return capture.get()


def _markdown(tidy: pd.DataFrame) -> str:
    header, *rows = _grid(tidy)
    lines = [header, ["---"] * len(header), *rows]
    body = ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
    return "\n".join([title(tidy), "", *body, ""])


def _latex(tidy: pd.DataFrame) -> str:
    """A table with the rules of booktabs."""
    grid = _grid(tidy)
    header, *rows = [" & ".join(cell.translate(_LATEX) for cell in line) + r" \\" for line in grid]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{title(tidy).translate(_LATEX)}}}",
            rf"\begin{{tabular}}{{{'l' * len(grid[0])}}}",
            r"\toprule",
            header,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _csv(tidy: pd.DataFrame) -> str:
    """The numbers. Spreadsheets run a text that starts like a formula, so such get a quote."""
    safe = tidy.copy()
    for column in tidy.columns[~tidy.dtypes.map(pd.api.types.is_numeric_dtype)]:
        text = tidy[column].astype("str")
        safe[column] = text.where(~text.str.match(r"[=+\-@\t\r]"), "'" + text)
    return safe.to_csv(index=False, lineterminator="\n")


def _json(tidy: pd.DataFrame) -> str:
    """The numbers, one object per row, NaN as null."""
    rows = [
        {key: None if isinstance(cell, float) and math.isnan(cell) else cell for key, cell in row}
        for row in (record.items() for record in tidy.to_dict("records"))
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
