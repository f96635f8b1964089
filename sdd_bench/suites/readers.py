"""Tables as others keep them: CSV, text, JSON, JSON lines, and data sets of the Hugging Face hub.

All become sheets: rows of cells below column names, and where in the file each of them is.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sdd_bench import files
from sdd_bench.errors import InputError, MissingError, SDDBenchError
from sdd_bench.progress import waiting

HUB = "hub:"
"""What the address of a data set of the Hugging Face hub starts with."""

_ADDRESS = re.compile(
    r"hub:(?P<id>[\w.-]+(/[\w.-]+)?)(/(?P<subset>[\w.-]+))?(@(?P<revision>[\w./-]+))?"
    r"(:(?P<split>[\w.-]+))?"
)

Cells: TypeAlias = Mapping[str, object]
"""One row by the names of the file's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a file holds, before anybody asks whether these are prompts."""

    where: str
    """The file, for error messages."""
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, Cells]]
    """Where in the file ("line 3"), and what is there."""


def read(source: str) -> Sheet:
    """The rows of a file, or of a data set of the hub. Raises InputError or MissingError."""
    if source.startswith(HUB):
        return _hub(source)
    try:
        data = files.read(Path(source))
    except SDDBenchError as error:
        raise InputError(str(error)) from error
    if data is None:
        raise InputError(f"cannot read the prompts in {source}: No such file or directory")
    return parse(data, source)


def parse(data: bytes, name: str) -> Sheet:
    """The rows of a file with these bytes and that name. Raises InputError."""
    reader = READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise InputError(
            f"cannot tell the format of '{name}': prompts come from {', '.join(READERS)}, or "
            f"from {HUB}OWNER/NAME"
        )
    return reader(data, name)


def _decoded(data: bytes, where: str) -> str:
    try:
        return files.decoded(data)
    except files.ContentError as error:
        raise InputError(f"{where}: {error}") from error


def _text(data: bytes, where: str) -> Sheet:
    lines = re.split(r"\r\n|\r|\n", _decoded(data, where).rstrip())
    rows = [(f"line {number}", {"text": line}) for number, line in enumerate(lines, 1)]
    return Sheet(where=where, columns=("text",), rows=rows if lines[0] else [])


def _csv(data: bytes, where: str) -> Sheet:
    """The rows below the header; empty ones at the end of the file are not prompts."""
    import pandas as pd

    try:
        # A header that pandas knows of would let a stray comma shift the columns of a row.
        table = pd.read_csv(
            io.StringIO(_decoded(data, where)),
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        ).fillna("")
    except pd.errors.EmptyDataError:
        return Sheet(where=where, columns=(), rows=[])
    except pd.errors.ParserError as error:
        raise InputError(f"{where}: not a CSV file: {str(error).strip()}") from error
    header, *cells = table.to_numpy().tolist()
    while cells and not any(cells[-1]):
        cells.pop()
    names = tuple(name.strip() for name in header)
    rows, line = [], 1 + _line_breaks(header)
    for row in cells:
        rows.append((f"line {line + 1}", dict(zip(names, row, strict=True))))
        line += 1 + _line_breaks(row)
    return Sheet(where=where, columns=names, rows=rows)


def _line_breaks(row: list[str]) -> int:
    """How many more lines than one a row takes: quoted cells may hold line ends."""
    return sum(cell.count("\n") for cell in row)


def _json(data: bytes, where: str) -> Sheet:
    """A list of texts or of objects, or one object of lists: the three that `generate.py` reads."""
    content = _parsed(_decoded(data, where), where)
    if isinstance(content, dict):
        content = _rows_of_columns(content, where)
    if not isinstance(content, list):
        raise InputError(f"{where}: neither a list of prompts nor an object of columns")
    return _records([(f"entry {number}", item) for number, item in enumerate(content, 1)], where)


def _json_lines(data: bytes, where: str) -> Sheet:
    lines = enumerate(re.split(r"\r\n|\r|\n", _decoded(data, where)), 1)
    items = [
        (f"line {number}", _parsed(line, f"{where}, line {number}"))
        for number, line in lines
        if line.strip()
    ]
    return _records(items, where)


def _parsed(text: str, where: str) -> object:
    try:
        content: object = json.loads(text)
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {error}") from error
    return content


def _rows_of_columns(content: Mapping[str, object], where: str) -> list[dict[str, object]]:
    columns = {name: cells for name, cells in content.items() if isinstance(cells, list)}
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise InputError(f"{where}: columns of different lengths: {said}")
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _records(items: Sequence[tuple[str, object]], where: str) -> Sheet:
    """Rows of objects; a mere text is an object of that text."""
    rows: list[tuple[str, Cells]] = []
    for place, item in items:
        cells = {"text": item} if isinstance(item, str) else item
        if not isinstance(cells, dict):
            raise InputError(f"{where}, {place}: neither a text nor an object, but {kind(item)}")
        rows.append((place, cells))
    columns = dict.fromkeys(name for _, cells in rows for name in cells)
    return Sheet(where=where, columns=tuple(columns), rows=rows)


READERS: Mapping[str, Callable[[bytes, str], Sheet]] = {
    ".csv": _csv,
    ".txt": _text,
    ".json": _json,
    ".jsonl": _json_lines,
}
"""Readers by the ending of a file's name."""


def _hub(address: str) -> Sheet:
    """All rows of a data set: `hub:OWNER/NAME[/SUBSET][@REVISION][:SPLIT]`."""
    parts = _ADDRESS.fullmatch(address)
    if not parts:
        raise InputError(
            f"'{address}' is no address of a data set: give {HUB}OWNER/NAME, then /SUBSET, "
            "@REVISION and :SPLIT as needed"
        )
    import datasets

    try:
        # Data only: since version 4 the library runs no code that a data set brings along.
        with _without_bars(), waiting(f"loading {address}"):
            splits = datasets.load_dataset(parts["id"], parts["subset"], revision=parts["revision"])
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = " ".join(str(error).split())
        raise MissingError(
            f"cannot load the data set '{parts['id']}' ({reason}): check its name and the "
            "connection, or bring its file and give the path"
        ) from error
    split = parts["split"] or next(iter(splits))
    if split not in splits or (len(splits) > 1 and not parts["split"]):
        raise InputError(f"{address}: add :SPLIT, one of: {', '.join(splits)}")
    data = splits[split]
    rows = [(f"row {number}", cells) for number, cells in enumerate(data, 1)]
    return Sheet(where=address, columns=tuple(data.column_names), rows=rows)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Within it, the library of data sets draws none of its own bars: several for each split."""
    import datasets

    silent = datasets.are_progress_bars_disabled()
    if not silent:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not silent:
            datasets.enable_progress_bars()


def kind(value: object) -> str:
    """The value and what it is, for a person: `3.5 (float)`."""
    return f"{value!r:.40} ({type(value).__name__})"
