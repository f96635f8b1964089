"""Tables as others keep them: CSV, text, JSON, JSON lines. All become sheets."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sdd_bench import files
from sdd_bench.errors import InputError, SDDBenchError

from . import hub
from .sheets import LARGEST, Cells, Sheet, kind
from .texts import foreign

_SHAPES = (  # of JSON that are read
    'a list of texts, a list of objects [{"prompt": ...}, ...] (pandas: orient="records"), and one '
    'object of lists {"prompt": [...]}'
)

_LINE_END = re.compile(r"\r\n|\r|\n")

_END_OF_DOS = "\x1a"  # what old editors put at the end of a file

_DIGITS = 40  # of an integer: more than any seed has


def read(source: str) -> Sheet:
    """The rows of a file, or of a data set of the hub. Raises InputError or MissingError."""
    if source.startswith(hub.HUB):
        return hub.read(source)
    path = Path(source)
    try:
        size = path.stat().st_size if path.is_file() else 0
        data = files.read(path) if size <= LARGEST else b""
    except SDDBenchError as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise InputError(f"cannot read {source:.200}: {error.strerror}") from error
    if data is None:
        raise InputError(f"cannot read the prompts in {source}: No such file or directory")
    if size > LARGEST:
        raise InputError(
            f"{source} has {size / 1e6:,.0f} MB: files of prompts are read up to "
            f"{LARGEST / 1e6:,.0f} MB"
        )
    return parse(data, source)


def parse(data: bytes, name: str) -> Sheet:
    """The rows of a file with these bytes and that name. Raises InputError."""
    reader = READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise InputError(
            f"cannot tell the format of '{name}': prompts come from {', '.join(READERS)}, or "
            f"from {hub.HUB}OWNER/NAME"
        )
    what = foreign(data)
    if what:
        raise InputError(f"{name} is {what}")
    return reader(data, name)


def _decoded(data: bytes, where: str) -> str:
    """The text of a file: UTF-8, or UTF-16 that says so. Raises InputError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = files.decoded(data)
        except files.ContentError as error:
            raise InputError(f"{where}: {error}") from error
    text = text.removesuffix(_END_OF_DOS)
    before, zero, _ = text.partition("\0")
    if zero:
        line = len(_LINE_END.findall(before)) + 1
        raise InputError(
            f"{where}, line {line}: a zero byte, which no text has: the file is damaged, restore it"
        )
    return text


def _lines(data: bytes, where: str) -> list[str]:
    return _LINE_END.split(_decoded(data, where))


def _text(data: bytes, where: str) -> Sheet:
    lines = _lines(data, where)
    while lines and not lines[-1].strip():
        lines.pop()
    rows = [(f"line {number}", {"text": line}) for number, line in enumerate(lines, 1)]
    return Sheet(where=where, columns=("text",), rows=rows)


def _csv(data: bytes, where: str) -> Sheet:
    """The rows below the header; empty ones at the end of the file are not prompts."""
    # strict: a quote that is never closed would take all rows up to the next one for a cell.
    reader = csv.reader(io.StringIO(_decoded(data, where), newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for row in reader:
            found.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{where}, line {start}: not CSV: {error}; a quote may lack its end"
        ) from error
    while found and not any(found[-1][1]):
        found.pop()
    if not found:
        return Sheet(where=where, columns=(), rows=[])
    names = tuple(name.strip() for name in found[0][1])
    rows = [
        (f"line {line}", dict(zip(names, _whole(row, names, f"{where}, line {line}"), strict=True)))
        for line, row in found[1:]
    ]
    return Sheet(where=where, columns=names, rows=rows)


def _whole(row: list[str], names: Sequence[str], where: str) -> list[str]:
    """The cells of a row that has one for each column. Raises InputError for any other."""
    if not row:
        raise InputError(f"{where}: the line is empty")
    if len(row) == len(names):
        return row
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    reason = (
        "the row is cut, or lacks a comma"
        if len(row) < len(names)
        else "a text with a comma in it needs quotes around it"
    )
    raise InputError(f"{where}: {cells} for the {len(names)} columns of the header: {reason}")


def _json(data: bytes, where: str) -> Sheet:
    """A list of texts or of objects, or one object of lists: the three that `generate.py` reads."""
    content = _parsed(_decoded(data, where), where)
    if isinstance(content, dict):
        content = _rows_of_columns(content, where)
    if not isinstance(content, list):
        raise InputError(f"{where}: neither a list of prompts nor an object of columns")
    return _records([(f"entry {number}", item) for number, item in enumerate(content, 1)], where)


def _json_lines(data: bytes, where: str) -> Sheet:
    lines = enumerate(_lines(data, where), 1)
    items = [
        (f"line {number}", _parsed(line, f"{where}, line {number}"))
        for number, line in lines
        if line.strip()
    ]
    return _records(items, where)


def _parsed(text: str, where: str) -> object:
    try:
        content: object = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        hint = "; JSON lines belong into a file that ends in .jsonl" * error.msg.startswith("Extra")
        raise InputError(f"{where}: not JSON: {error}{hint}") from error
    except files.ContentError as error:
        raise InputError(f"{where}: {error}") from error
    except RecursionError as error:
        raise InputError(f"{where}: nested too deep to be prompts: {_SHAPES} are read") from error
    return content


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in content if names.count(name) > 1)
        raise files.ContentError(f"an object has {twice!r:.40} twice")
    return content


def _integer(digits: str) -> int:
    # Python refuses thousands of digits, and says how to switch that safeguard off.
    if len(digits) > _DIGITS:
        raise files.ContentError(f"a number of {len(digits)} digits")
    return int(digits)


def _rows_of_columns(content: Mapping[str, object], where: str) -> list[dict[str, object]]:
    columns = {name: cells for name, cells in content.items() if isinstance(cells, list)}
    if content and not columns:
        name, held = next(iter(content.items()))
        raise InputError(
            f"{where}: an object of {name!r:.40}: {kind(held)}, and so on; read are {_SHAPES}"
        )
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"'{name:.40}' {length}" for name, length in list(lengths.items())[:30])
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
