"""Tables of papers as data: rows, columns and every published number (results/published).

A table is a TOML file beside the CSV of its published cells, described in
`results/published/__init__.py`; `load` takes a shipped one by name or anybody's by path.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sdd_bench.errors import InputError, unknown
from sdd_bench.suites import concepts

if sys.version_info >= (3, 11):
    from importlib.resources.abc import Traversable

    import tomllib
else:
    from importlib.abc import Traversable

    import tomli as tomllib


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table."""

    label: str
    """The name of the method in the paper."""
    method: str | None = None
    """The method to run; None: published numbers only."""
    concepts: str | None = None
    """The set of concepts, of `list concepts`; None: the method's own."""
    recipe: str | None = None
    """The recipe of a trained method; None: the model's, or else the method's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    key: str
    """The name of the column in the CSV."""
    label: str
    suite: str
    decimals: int
    definitions: Mapping[str, str]
    """The metric definition by world: {"miniature": "nude/miniature@0.7"}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published number."""

    value: float
    n: int
    """How many images are behind it."""
    count: int | None = None
    """How many of the `n` a rate counts; None where it isn't published."""
    suspect: str = ""
    """Why the number may not be what it seems; empty if nothing is known against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a paper."""

    title: str
    source: str
    models: tuple[str, ...]
    """The names under which the model of the published numbers is known."""
    steps: int
    guidance_scale: float
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, str], Published]
    """The published numbers by the row's label and the column's key; empty cells are absent."""
    images_per_prompt: Mapping[str, Mapping[str, int]]
    """Images per prompt by world and suite, where that differs from the suite's own."""

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites in the order of the columns."""
        return tuple(dict.fromkeys(column.suite for column in self.columns))


def names() -> list[str]:
    """The shipped tables, sorted: every TOML file that has rows."""
    files = sorted(resources.files("sdd_bench.published").iterdir(), key=lambda file: file.name)
    return [
        file.name.removesuffix(".toml")
        for file in files
        if file.name.endswith(".toml") and "rows" in tomllib.loads(file.read_text(encoding="utf-8"))
    ]


def load(name: str) -> Table:
    """The shipped table of that name, or the one in the `.toml` file of that path.

    Raises InputError for an unknown name and for anything wrong in a file.
    """
    if name.endswith(".toml"):
        place: Traversable = Path(name).resolve().parent
        file = Path(name).name
    elif name in names():
        place, file = resources.files("sdd_bench.published"), f"{name}.toml"
    else:
        raise unknown("table", name, [*names(), "a .toml file"])
    try:
        content = tomllib.loads((place / file).read_text(encoding="utf-8"))
        cells = (place / content.pop("published")).read_text(encoding="utf-8")
        return _table(content, cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file} describes no table ({type(error).__name__}: {error}): the shipped ones in "
            "results/published show how"
        ) from error


def speeds() -> dict[str, dict[str, Any]]:
    """The speeds that are known: by device the `model`, `forwards` a second, and the `source`."""
    text = (resources.files("sdd_bench.published") / "speed.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _table(content: dict[str, Any], cells: str) -> Table:
    rows = tuple(Row(**row) for row in content.pop("rows"))
    columns = tuple(Column(**column) for column in content.pop("columns"))
    for row in rows:
        if row.concepts is not None:
            concepts.find(row.concepts)
    known = {(row.label, column.key) for row in rows for column in columns}
    published = _cells(cells)
    strangers = [f"{row}/{column}" for row, column in published if (row, column) not in known]
    if strangers:
        raise ValueError(f"published cells without a row and column: {', '.join(strangers)}")
    return Table(
        rows=rows,
        columns=columns,
        cells=published,
        models=tuple(content.pop("models")),
        images_per_prompt=content.pop("images_per_prompt", {}),
        **content,
    )


def _cells(text: str) -> dict[tuple[str, str], Published]:
    found = {}
    for line in csv.DictReader(io.StringIO(text)):
        cell = Published(
            value=float(line["value"]),
            n=int(line["n"]),
            count=int(line["count"]) if line["count"] else None,
            suspect=line["suspect"],
        )
        if not math.isfinite(cell.value):
            raise ValueError(f"the published value of {line['row']} is {cell.value}")
        found[line["row"], line["column"]] = cell
    return found
