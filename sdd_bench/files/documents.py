"""Documents: JSON, TOML and CSV from a file to typed objects, and JSON back.

A record is an object in a JSON file of ours that carries a SHA-256 of itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sdd_bench.errors import InputError, SDDBenchError

from . import seals
from .content import (
    ContentError,
    Extra,
    checked,
    decoded,
    parse_csv,
    parse_json,
    parse_toml,
)
from .disk import read, write

if TYPE_CHECKING:
    from .disk import Source

T = TypeVar("T")


# --- writing ----------------------------------------------------------------------------------


def write_json(path: Path, content: object) -> None:
    """Replace a file by JSON for people: indented, in the order given. Raises as `write` does."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    write(path, f"{text}\n".encode())


def write_record(path: Path, content: Mapping[str, object], *, of: str = "") -> None:
    """Replace a record, as `write_json`, with whose it is and its hash as the last fields."""
    owned = {**content, seals.OWNER: of} if of else content
    write_json(path, {**owned, seals.FIELD: seals.record_hash(owned)})


# --- reading ----------------------------------------------------------------------------------


def read_text(path: Source) -> str | None:
    """The text of a file, as `read` its bytes. Raises ContentError too, if it isn't UTF-8."""
    data = read(path)
    return None if data is None else decoded(data)


def read_json(path: Source, kind: type[T], *, extra: Extra = "forbid") -> T | None:
    """The object in a JSON file, as `read` its bytes; raises ContentError too, as `parse_json`."""
    data = read(path)
    return None if data is None else parse_json(data, kind, extra=extra)


def read_toml(path: Source, kind: type[T]) -> T | None:
    """The object in a TOML file, as `read_json`."""
    text = read_text(path)
    return None if text is None else parse_toml(text, kind)


def read_csv(path: Source, kind: type[T]) -> list[T] | None:
    """An object for each row of a CSV file, as `read_json`."""
    text = read_text(path)
    return None if text is None else parse_csv(text, kind)


def read_shipped(path: Source, kind: type[T]) -> T:
    """The object in a TOML file that is installed with the package. Raises SDDBenchError."""
    try:
        content = read_toml(path, kind)
    except ContentError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    if content is None:
        raise SDDBenchError(f"{path} is missing: reinstall sdd-bench")
    return content


def read_record(path: Path, kind: type[T], *, extra: Extra = "forbid", of: str = "") -> T | None:
    """A record as a `kind`, as `read_json`. Raises ContentError of a content that isn't the one
    its hash is of, too, or says to be another's than `of`; one without a hash is read as it is.
    """
    data = read(path)
    return None if data is None else parse_record(data, kind, extra=extra, of=of)


def parse_record(data: bytes, kind: type[T], *, extra: Extra = "forbid", of: str = "") -> T:
    """The content of a record, as `read_record`."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return parse_json(data, kind, extra=extra)  # which says what is wrong
    if not isinstance(content, dict) or seals.FIELD not in content:
        return parse_json(data, kind, extra=extra)
    stated = content.pop(seals.FIELD)
    whole = dict(content)
    owner = content.pop(seals.OWNER, "") if of else ""
    # Its fields first: one of a later version is no damage.
    found = checked(content, kind, extra=extra)
    seals.check_record(whole, stated)
    seals.check_owner(owner, of)
    return found
