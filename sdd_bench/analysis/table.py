"""From run folders to one tidy table, and from that to a page to look at or to paste.

`frame` computes every number there is, once; all output formats read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from sdd_bench import formats
from sdd_bench.formats import cells
from sdd_bench.formats.page import WIDTH, Page
from sdd_bench.registry import Registry
from sdd_bench.runs.identity import BASELINE
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import definitions_of
from sdd_bench.suites import catalog
from sdd_bench.types import Definition

from .remarks import remarks
from .values import ABOUT_RUN, INTERVAL, VALUE, Scored, about

COLUMNS = (*ABOUT_RUN, "definition", "group", *VALUE, "unit", "better", "reason", "weights")
"""The columns of the tidy table: one row per run and definition, and per group where it is split.
`weights` are eight digits of the hash of fine-tuned ones, empty for the model's own.
"""


def frame(
    runs: Sequence[Run],
    definitions: Sequence[Definition],
    *,
    by_group: bool = False,
    among: Sequence[Run] = (),
) -> pd.DataFrame:
    """The tidy table of `runs` x `definitions`, in that order, with the columns COLUMNS.

    A value that couldn't be computed is NaN, and `reason` says why; where only some images
    couldn't be scored, it says how many. `by_group` splits the scores of images by the groups of
    their prompts (country, category); sets of images have no parts. `among` are other runs of the
    same table: suites of one name and different prompts, and models of one name and different
    weights, are told apart by their hashes.
    """
    rows = []
    for run, told_apart in zip(runs, abouts(runs, among), strict=True):
        scored = Scored.of(run)
        for group, part in (scored.groups() if by_group else {"": None}).items():
            for definition in definitions:
                if by_group and definition.name in scored.sets:
                    continue
                rows.append(
                    told_apart
                    | {"definition": definition.name, "group": group}
                    | {"unit": definition.unit, "better": definition.better}
                    | asdict(scored.value(definition, part))
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def abouts(runs: Sequence[Run], among: Sequence[Run] = ()) -> list[dict[str, str]]:
    """The columns ABOUT_RUN and `weights` of each run, told apart from the others and those among
    which they are.
    """
    suites, models = suite_names([*runs, *among]), model_names([*runs, *among])
    return [
        about(run)
        | {"suite": suites[run.spec.suite, run.spec.suite_hash]}
        | {"model": models[run.spec.model, run.spec.model_hash]}
        | {"weights": (run.spec.checkpoint or "")[:8]}
        for run in runs
    ]


def suite_names(runs: Sequence[Run]) -> dict[tuple[str, str], str]:
    """What a suite is called, by its name and hash: with the hash where that name promises other
    prompts, or others here bear it too.
    """
    places = dict.fromkeys((run.spec.suite, run.spec.suite_hash) for run in runs)
    several = Counter(suite for suite, _ in places)
    return {
        (suite, prompts): suite
        if several[suite] == 1 and catalog.is_published(suite, prompts)
        else f"{suite} #{prompts[:8]}"
        for suite, prompts in places
    }


def model_names(runs: Sequence[Run]) -> dict[tuple[str, str], str]:
    """What a model is called, by its name and hash: with the hash where others here bear that name,
    as an earlier release's weights do. Nobody knows of which ones an imported run is.
    """
    places = dict.fromkeys((run.spec.model, run.spec.model_hash) for run in runs)
    several = Counter(model for model, weights in places if weights)
    return {
        (model, weights): f"{model} @{weights[:8]}" if weights and several[model] > 1 else model
        for model, weights in places
    }


def join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tidy tables below one another."""
    return pd.concat(frames, ignore_index=True) if frames else frame([], [])


# --- for people -------------------------------------------------------------------------------


def render(tidy: pd.DataFrame, name: str, *, width: int = WIDTH) -> str:
    """The table in the format of that name. Raises InputError if there is none."""
    return formats.render(page(tidy), name, width=width)


def of_runs(
    runs: Sequence[Run], plugins: Registry, metrics: Sequence[str] = (), *, by_group: bool = False
) -> Page:
    """The page of runs, of all their metrics or of those named; of all, also what it lacks."""
    frames = [
        frame([run], definitions_of(run, plugins, metrics), by_group=by_group, among=runs)
        for run in runs
    ]
    return page(join(frames), () if metrics else remarks(runs, plugins))


def page(tidy: pd.DataFrame, notes: Sequence[str] = ()) -> Page:
    """The table as people read it, with sentences below it."""
    wide = pivot(tidy)
    rows = [[str(label), *line] for label, line in zip(wide.index, wide.to_numpy(), strict=True)]
    header = [str(wide.index.name), *wide.columns]
    return Page(title=title(tidy), header=header, rows=rows, tidy=tidy, notes=notes)


def pivot(tidy: pd.DataFrame) -> pd.DataFrame:
    """A row per method, a column per suite and definition, of text; where the table is split, a
    row per group and a column per method too.

    Rows and columns come in the order of their first appearance.
    """
    split = bool((tidy["group"] != "").any())
    lines: dict[str, dict[str, str]] = {}
    headers: dict[str, None] = {}
    for row, (line, header) in zip(tidy.to_dict("records"), places(tidy), strict=True):
        headers[header] = None
        lines.setdefault(line, {})[header] = _cell(row)
    return pd.DataFrame(
        [[row.get(header, cells.DASH) for header in headers] for row in lines.values()],
        index=pd.Index(list(lines), name="group" if split else "method", dtype="str"),
        columns=list(headers),
    )


def places(tidy: pd.DataFrame) -> list[tuple[str, str]]:
    """The row and the column of the pivot, by their headings, in which each row of the tidy table
    is shown.
    """
    split = bool((tidy["group"] != "").any())
    return [
        (str(row["group"]), f"{label}: {_header(row)}") if split else (label, _header(row))
        for row, label in zip(tidy.to_dict("records"), labels(tidy), strict=True)
    ]


def labels(tidy: pd.DataFrame) -> list[str]:
    """Method and concepts of each row, by its columns ABOUT_RUN and `weights`.

    Model, weights (`sd @3fa21b07`) and digest stand with them where two would look alike; with the
    undefended model's name the weights always do: on others it is not undefended.
    """
    of_many = len(tidy["model"].unique()) > 1
    rows = tidy.to_dict("records")
    named = [
        (f"{row['model']}: " if of_many else "")
        + str(row["method"])
        + (f" ({row['concepts']})" if row["concepts"] else "")
        for row in rows
    ]
    several = _counted(named, tidy["weights"])
    named = [
        f"{label} @{row['weights']}"
        if row["weights"] and (several[label] > 1 or row["method"] == BASELINE)
        else label
        for label, row in zip(named, rows, strict=True)
    ]
    places = list(zip(named, tidy["suite"], strict=True))
    digests = _counted(places, tidy["digest"])
    return [
        f"{label} #{row['digest']}" if digests[place] > 1 else label
        for label, place, row in zip(named, places, rows, strict=True)
    ]


def _counted(keys: Sequence[Hashable], values: Iterable[str]) -> Counter[Hashable]:
    """How many different values there are of each key."""
    return Counter(key for key, _ in set(zip(keys, values, strict=True)))


def _header(row: Mapping[Hashable, Any]) -> str:
    return f"{row['suite']} {cells.heading(row['definition'], row['unit'], row['better'])}"


def _cell(row: Mapping[Hashable, Any]) -> str:
    """A value with its interval, its n and its reason."""
    value, low, high = (row[key] for key in INTERVAL)
    form = ".1f" if row["unit"] == "%" else cells.three_digits(value)
    return cells.counted(value, low, high, row["n"], row["reason"], form)


def title(tidy: pd.DataFrame) -> str:
    """The sentence above a table: which model its numbers are of."""
    models = [f"'{model}'" for model in tidy["model"].unique()]
    if not models:
        return "No results yet"
    if len(models) == 1:
        return f"Numbers of model {models[0]}; they do not compare with those of another model"
    return f"Numbers of models {' and '.join(models)}; they do not compare with one another"
