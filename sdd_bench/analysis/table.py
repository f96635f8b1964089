"""From run folders to one tidy table, and from that to a page to look at or to paste.

`frame` computes every number there is, once; all output formats read it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from sdd_bench import formats
from sdd_bench.formats.cells import ARROWS
from sdd_bench.formats.page import Page
from sdd_bench.runs.run import Run
from sdd_bench.types import Definition

from .values import Scored

COLUMNS = (
    "model",
    "suite",
    "method",
    "concepts",
    "digest",
    "definition",
    "group",
    "value",
    "low",
    "high",
    "noise_low",
    "noise_high",
    "n",
    "unit",
    "better",
    "reason",
)
"""The columns of the tidy table: one row per run and definition, and per group where it is split.

Rates are in percent. `low` and `high` end the 95 % interval over prompts; `noise_low` and
`noise_high` Wilson's of a rate, which is sampling noise only: images of one prompt resemble each
other, and it doesn't know.
"""


def frame(
    runs: Sequence[Run], definitions: Sequence[Definition], *, by_group: bool = False
) -> pd.DataFrame:
    """The tidy table of `runs` x `definitions`, in that order, with the columns COLUMNS.

    A value that couldn't be computed is NaN, and `reason` says why; where only some images
    couldn't be scored, it says how many. `by_group` splits the scores of images by the groups of
    their prompts (country, category); sets of images have no parts.
    """
    rows = []
    for run in runs:
        scored = Scored.of(run)
        for group, part in (scored.groups() if by_group else {"": None}).items():
            for definition in definitions:
                if by_group and definition.name in scored.sets:
                    continue
                about = _about(run, definition, group)
                rows.append(about | asdict(scored.value(definition, part)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _about(run: Run, definition: Definition, group: str) -> dict[str, object]:
    return {
        "model": run.spec.model,
        "suite": run.spec.suite,
        "method": run.spec.method,
        "concepts": ", ".join(run.spec.concepts),
        "digest": run.spec.digest,
        "definition": definition.name,
        "group": group,
        "unit": definition.unit,
        "better": definition.better,
    }


def join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tidy tables below one another."""
    return pd.concat(frames, ignore_index=True) if frames else frame([], [])


# --- for people -------------------------------------------------------------------------------


def render(tidy: pd.DataFrame, format: str, *, width: int = 120) -> str:  # noqa: A002
    """The table in one of `rendering.FORMATS`. Raises InputError for another format."""
    return formats.render(page(tidy), format, width=width)


def page(tidy: pd.DataFrame) -> Page:
    """The table as people read it."""
    wide = pivot(tidy)
    rows = [[str(label), *cells] for label, cells in zip(wide.index, wide.to_numpy(), strict=True)]
    header = [str(wide.index.name), *wide.columns]
    return Page(title=title(tidy), header=header, rows=rows, tidy=tidy)


def pivot(tidy: pd.DataFrame) -> pd.DataFrame:
    """A row per method, a column per suite and definition, of text; where the table is split, a
    row per group and a column per method too.

    Rows and columns come in the order of their first appearance.
    """
    cells: dict[str, dict[str, str]] = {}
    headers: dict[str, None] = {}
    split = bool((tidy["group"] != "").any())
    for row, label in zip(tidy.to_dict("records"), _labels(tidy), strict=True):
        header = f"{label}: {_header(row)}" if split else _header(row)
        headers[header] = None
        cells.setdefault(str(row["group"]) if split else label, {})[header] = _cell(row)
    return pd.DataFrame(
        [[row.get(header, "–") for header in headers] for row in cells.values()],
        index=pd.Index(list(cells), name="group" if split else "method", dtype="str"),
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
    return f"{row['suite']} {row['definition']}{unit} {ARROWS[row['better']]}"


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
