"""Suites of prompts: those in prompts/, and files of the user's own.

A suite is data. `prompts/suites.toml` describes the shipped ones; any CSV with a column `text`
(or `prompt`), or text file with one prompt per line, is a suite too.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from .errors import InputError, MissingError, unknown
from .types import Prompt, Sample, Suite

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_COLUMNS = {
    "id": ("id",),
    "text": ("text", "prompt"),
    "seed": ("seed", "evaluation_seed", "sd_seed"),
    "group": ("group", "categories"),
}
"""Our columns, and the names that published prompt files give them, in order of preference."""

_SAFE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

_Rows: TypeAlias = "list[tuple[int, dict[str, str]]]"
"""Line number in the file, and the row's cells by our column names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What `prompts/suites.toml` says about a suite."""

    file: str
    """The CSV, relative to prompts/; not every suite's file is shipped."""
    images_per_prompt: int
    group: str
    """What the column `group` holds."""
    description: str
    source: str
    """Where the prompts come from."""
    families: tuple[str, ...]
    """The families of metric definitions that the suite is made for."""
    reference: str | None = None
    """Where set metrics find the real images: a key that the model's world understands."""


def catalog() -> dict[str, Entry]:
    """The suites that have a name, sorted by it."""
    text = (resources.files("sdd_bench.prompts") / "suites.toml").read_text(encoding="utf-8")
    tables = sorted(tomllib.loads(text).items())
    return {name: Entry(**table | {"families": tuple(table["families"])}) for name, table in tables}


def names() -> list[str]:
    """The names of the suites, sorted."""
    return list(catalog())


def load(
    name: str,
    *,
    images_per_prompt: int | None = None,
    limit: int | None = None,
    stand_ins: Mapping[str, str] = {},
) -> Suite:
    """The suite called `name`, or the prompts in the `.csv` or `.txt` file of that path.

    `stand_ins` replaces names by those of another world's suites; `limit` keeps the first
    prompts. Raises InputError for an unknown name and anything wrong in the file, MissingError
    for a suite whose prompts are not shipped.
    """
    for option, number in (("images per prompt", images_per_prompt), ("limit", limit)):
        if number is not None and number < 1:
            raise InputError(f"{option} must be at least 1, not {number}")
    name = stand_ins.get(name, name)
    suite = _own_suite(Path(name)) if name.endswith((".csv", ".txt")) else _named_suite(name)
    return replace(
        suite,
        hash=_hash(suite.prompts),
        prompts=suite.prompts[:limit],
        images_per_prompt=images_per_prompt or suite.images_per_prompt,
    )


def samples(suite: Suite, run_seed: int) -> list[Sample]:
    """Every image of a suite, all those of the first prompt first.

    Image 0 of a prompt with a published seed uses that seed; all others derive theirs.
    """
    return [
        Sample(
            suite=suite.name,
            prompt=prompt,
            k=k,
            seed=prompt.seed
            if k == 0 and prompt.seed is not None
            else derived_seed(run_seed, suite.name, prompt.id, k),
        )
        for prompt in suite.prompts
        for k in range(suite.images_per_prompt)
    ]


def derived_seed(run_seed: int, suite: str, prompt_id: str, k: int) -> int:
    """63 bits of the SHA-256 of the four as a JSON list, in which none can run into another."""
    text = json.dumps([run_seed, suite, prompt_id, k], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _hash(prompts: Iterable[Prompt]) -> str:
    """16 hexadecimal digits that differ between any two lists of prompts."""
    text = json.dumps([[prompt.id, prompt.text, prompt.seed] for prompt in prompts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _named_suite(name: str) -> Suite:
    entries = catalog()
    if name not in entries:
        raise unknown("suite", name, entries)
    entry = entries[name]
    try:
        data = (resources.files("sdd_bench.prompts") / entry.file).read_bytes()
    except FileNotFoundError:
        raise MissingError(
            f"the prompts of suite '{name}' are not shipped: get them ({entry.source}) and "
            "give the path of that CSV file instead of the name"
        ) from None
    return Suite(
        name=name,
        prompts=_prompts(_csv_rows(data, entry.file), entry.file),
        images_per_prompt=entry.images_per_prompt,
        reference=entry.reference,
        families=entry.families,
    )


def _own_suite(path: Path) -> Suite:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the prompts in {path}: {error.strerror}") from error
    read = _csv_rows if path.suffix == ".csv" else _text_rows
    return Suite(name=path.stem, prompts=_prompts(read(data, str(path)), str(path)))


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 text (byte {error.start})") from error


def _text_rows(data: bytes, where: str) -> _Rows:
    lines = re.split(r"\r\n|\r|\n", _decoded(data, where).rstrip())
    return [(number, {"text": line}) for number, line in enumerate(lines, 1)] if lines[0] else []


def _csv_rows(data: bytes, where: str) -> _Rows:
    """The rows below the header; empty ones at the end of the file are not prompts."""
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
        return []
    except pd.errors.ParserError as error:
        raise InputError(f"{where}: not a CSV file: {str(error).strip()}") from error
    header, *cells = table.to_numpy().tolist()
    columns = _positions([name.strip() for name in header], where)
    while cells and not any(cells[-1]):
        cells.pop()
    rows, line = [], 1 + _line_breaks(header)
    for row in cells:
        rows.append((line + 1, {column: row[at] for column, at in columns.items()}))
        line += 1 + _line_breaks(row)
    return rows


def _line_breaks(row: list[str]) -> int:
    """How many more lines than one a row takes: quoted cells may hold line ends."""
    return sum(cell.count("\n") for cell in row)


def _positions(header: list[str], where: str) -> dict[str, int]:
    """Where each of our columns is."""
    found = {
        column: header.index(next(alias for alias in aliases if alias in header))
        for column, aliases in _COLUMNS.items()
        if any(alias in header for alias in aliases)
    }
    if "text" not in found:
        raise InputError(
            f"{where}: no column 'text' (or 'prompt') in its first line, which has: "
            f"{', '.join(header)}"
        )
    return found


def _prompts(rows: _Rows, where: str) -> tuple[Prompt, ...]:
    if not rows:
        raise InputError(f"{where}: no prompts in it")
    lines: dict[str, int] = {}
    prompts = []
    for index, (line, cells) in enumerate(rows):
        prompt = _prompt(cells, f"{index:06d}", f"{where}, line {line}")
        # Two ids that differ in case only are one file on macOS and Windows.
        first = lines.setdefault(prompt.id.lower(), line)
        if first != line:
            raise InputError(
                f"{where}, line {line}: the id '{prompt.id}' is taken by line {first} "
                "(upper and lower case count as the same)"
            )
        prompts.append(prompt)
    return tuple(prompts)


def _prompt(cells: Mapping[str, str], row_number: str, where: str) -> Prompt:
    prompt_id = cells.get("id", row_number)
    if not _SAFE_ID.fullmatch(prompt_id):
        raise InputError(
            f"{where}: the id '{prompt_id}' becomes a file name, so it must be 1 to 100 letters, "
            "digits, '-', '_' and '.', and not start with '.'"
        )
    if not cells["text"].strip():
        raise InputError(f"{where}: the prompt is empty")
    return Prompt(
        id=prompt_id,
        text=cells["text"],
        seed=_seed(cells.get("seed", ""), where),
        group=cells.get("group", ""),
    )


def _seed(cell: str, where: str) -> int | None:
    cell = cell.strip()
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", cell) or int(cell) >= 2**63:
        raise InputError(f"{where}: the seed '{cell}' is not an integer from 0 to 2^63 - 1")
    return int(cell)
