"""Tables of papers as data: rows, columns and every published number (results/published).

A table is a TOML file beside the CSV of its published cells, described in
`results/published/__init__.py`; `load` takes a shipped one by name or anybody's by path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError, unknown
from sdd_bench.suites import concepts

if TYPE_CHECKING:
    from sdd_bench.files import Source


_SHOWN = 5
"""How many of several cells are named."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast a device is."""

    model: str
    """Whose U-Net was timed."""
    forwards: float
    """Of one sample, a second."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """The TOML file of a table."""

    title: str
    source: str
    published: str
    """The CSV beside it."""
    models: tuple[str, ...]
    steps: int
    guidance_scale: float
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    images_per_prompt: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell(Published):
    """A line of that CSV."""

    row: str
    column: str


def names() -> list[str]:
    """The shipped tables, sorted: every TOML file that has rows."""
    shipped = [file for file in _shipped().iterdir() if file.name.endswith(".toml")]
    tables = [
        file.name for file in shipped if "rows" in files.read_shipped(file, dict[str, object])
    ]
    return sorted(name.removesuffix(".toml") for name in tables)


def load(name: str) -> Table:
    """The shipped table of that name, or the one in the `.toml` file of that path.

    Raises InputError for an unknown name and for anything wrong in a file.
    """
    if name.endswith(".toml"):
        place: Source = Path(name).resolve().parent
        file = Path(name).name
    elif name in names():
        place, file = _shipped(), f"{name}.toml"
    else:
        raise unknown("table", name, [*names(), "a .toml file"])
    try:
        return _table(place, file)
    except InputError:
        raise
    except (SDDBenchError, ValueError) as error:
        raise InputError(
            f"{file} describes no table ({error}): the shipped ones in results/published show how"
        ) from error


def speeds() -> dict[str, Speed]:
    """The speeds that are known, by device."""
    return files.read_shipped(_shipped() / "speed.toml", dict[str, Speed])


def _shipped() -> Source:
    return resources.files("sdd_bench.published")


def _table(place: Source, file: str) -> Table:
    content = files.read_toml(place / file, _File)
    if content is None:
        raise ValueError("there is no such file")
    for row in content.rows:
        if row.concepts is not None:
            concepts.find(row.concepts)
    known = {(row.label, column.key) for row in content.rows for column in content.columns}
    published = _cells(place, content.published)
    strangers = [f"{row:.40}/{column:.40}" for row, column in published.keys() - known]
    if strangers:
        named = ", ".join(sorted(strangers)[:_SHOWN])
        raise ValueError(f"{len(strangers)} published cells without a row and column: {named}")
    return Table(
        title=content.title,
        source=content.source,
        models=content.models,
        steps=content.steps,
        guidance_scale=content.guidance_scale,
        rows=content.rows,
        columns=content.columns,
        cells=published,
        images_per_prompt=content.images_per_prompt,
    )


def _cells(place: Source, file: str) -> dict[tuple[str, str], Published]:
    try:
        lines = files.read_csv(place / file, _Cell)
    except files.ContentError as error:
        raise ValueError(f"{file}, {error}") from error
    if lines is None:
        raise ValueError(f"there is no {file}")
    found = {}
    for line in lines:
        if not math.isfinite(line.value):
            raise ValueError(f"the published value of {line.row} is {line.value}")
        found[line.row, line.column] = Published(
            value=line.value, n=line.n, count=line.count, suspect=line.suspect
        )
    return found
