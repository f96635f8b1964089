"""Tables as `sdd-bench table` prints them; each cell knows its run, so that it leads to images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sdd_bench.analysis import contrasts, success, table
from sdd_bench.analysis.matrix import POOLED
from sdd_bench.errors import InputError
from sdd_bench.formats.page import Page
from sdd_bench.registry import Registry
from sdd_bench.runs.run import Run

from .content import Source, number
from .payload import Cell, GroupValue, Table


def of_runs(runs: Sequence[Run], plugins: Registry) -> tuple[list[Table], list[GroupValue]]:
    """The table of runs, that by group if any prompt has one, and its values once more."""
    whole = table.of_runs(runs, plugins)
    split = table.of_runs(runs, plugins, by_group=True)
    places = {(run.spec.digest, run.spec.model): at for at, run in enumerate(runs)}
    tables = [_linked("runs", whole, places)]
    if len(split.tidy):
        tables.append(_linked("group", split, places))
    values = [
        GroupValue(
            run=places[row["digest"], row["model"]],
            definition=row["definition"],
            group=row["group"],
            number=number(row),
        )
        for row in split.tidy.to_dict("records")
    ]
    return tables, values


def of_paper(name: str, page: Page, runs: Sequence[Run]) -> Table:
    """A paper's table, whose page and tidy table have the same cells in the same order."""
    places = {(run.spec.digest, run.spec.model): at for at, run in enumerate(runs)}
    shown, tidy = page.escaped(), page.tidy.to_dict("records")
    columns = len(shown.header) - 1
    rows = [
        [Cell(text=line[0])]
        + [_cell(text, tidy[at * columns + column], places) for column, text in enumerate(line[1:])]
        for at, line in enumerate(shown.rows)
    ]
    return _table(name, shown, rows)


def of_attacks(runs: Sequence[Run], plugins: Registry) -> list[Table]:
    """The success of attacks whose prompts were run beside those that they were found for."""
    return [
        _plain("attack", success.page(success.frame(runs, plain, found, plugins)))
        for plain, found in success.attacked(runs)
    ]


def of_contrasts(sources: Sequence[Source], plugins: Registry) -> list[Table]:
    """What methods take of targets and of neighbours, where a suite has both."""
    asked = [each for each in sources if any(map(contrasts.is_target, each.scored.groups()))]
    pairs = [
        (one.run, other.run)
        for other in asked
        for one in asked
        if one is not other and one.run.spec.undefended_twin_of(other.run.spec)
    ]
    try:
        rows = contrasts.frame(pairs, plugins) if pairs else []
    except InputError:  # nothing of them is scored
        return []
    return [_plain("contrast", contrasts.page(rows))] if rows else []


def _plain(name: str, page: Page) -> Table:
    """A table whose cells lead nowhere."""
    shown = page.escaped()
    return _table(name, shown, [[Cell(text=text) for text in line] for line in shown.rows])


def of_matrix(
    page: Page, behind: Mapping[str, list[dict[str, Any]]], places: Mapping[tuple[str, str], int]
) -> Table:
    """A matrix; the cells of its means lead nowhere."""
    shown = page.escaped()
    rows = [
        [Cell(text=line[0])]
        + [
            _cell(text, row | {"group": row["prompted"].replace(POOLED, "")}, places)
            for text, row in zip(line[1:], records, strict=True)
        ]
        for line, records in zip(shown.rows, behind.values(), strict=True)
    ]
    return _table("matrix", shown, rows)


def _linked(name: str, page: Page, places: Mapping[tuple[str, str], int]) -> Table:
    shown = page.escaped()
    behind = dict(zip(table.places(page.tidy), page.tidy.to_dict("records"), strict=True))
    rows = [
        [Cell(text=safe[0])]
        + [
            _cell(text, behind.get((line[0], header), {}), places)
            for header, text in zip(page.header[1:], safe[1:], strict=True)
        ]
        for line, safe in zip(page.rows, shown.rows, strict=True)
    ]
    return _table(name, shown, rows)


def _table(name: str, page: Page, rows: list[list[Cell]]) -> Table:
    return Table(
        name=name, title=page.title, notes=list(page.notes), header=list(page.header), rows=rows
    )


def _cell(text: str, row: Mapping[Any, Any], places: Mapping[tuple[str, str], int]) -> Cell:
    """A cell with what the tidy table says of it; nothing of an empty one."""
    if not row:
        return Cell(text=text)
    published = row.get("published", math.nan)
    return Cell(
        text=text,
        run=places.get((row["digest"], row["model"])),
        definition=row["definition"],
        group=row.get("group", ""),
        number=number(row),
        published=None if math.isnan(published) else published,
        verdict=row.get("verdict", ""),
    )
