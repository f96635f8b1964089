"""Files: written whole or not at all, read field by field, with errors that say what to do.

No other module of the core opens files by itself (tests/test_files.py names the few exceptions),
so that each fault is one sentence: a place that cannot be written to, a disk that is full, a field
of JSON that is missing, unknown or no number.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import errno
import hashlib
import io
import json
import stat
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from .errors import InputError, SDDBenchError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import TypeAdapter, ValidationError

    if sys.version_info >= (3, 11):
        from importlib.resources.abc import Traversable
    else:
        from importlib.abc import Traversable

    Source: TypeAlias = "Path | Traversable"
    """A file on the disk, or one that is installed with the package."""

T = TypeVar("T")

Extra: TypeAlias = Literal["forbid", "ignore"]  # what becomes of fields that a type doesn't have

_WRONG_PLACE = {
    errno.EACCES, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EPERM,
    errno.EROFS,
}  # fmt: skip
"""Faults that trying again doesn't cure: the folder is not one that can be written to."""

_BOUNDED = {stat.S_IFREG, stat.S_IFDIR}  # what can be read to its end
_SHOWN = 3  # faults of one file that are named


class ContentError(ValueError):
    """What is wrong with the content of a file; whoever reads it adds which file, and a remedy."""


# --- writing ----------------------------------------------------------------------------------


def write(path: Path, data: bytes | memoryview) -> None:
    """Replace a file by `data`, entirely or not at all; whoever reads meanwhile gets the old one.

    Raises InputError where nothing can be written, SDDBenchError if the disk is full or fails.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with writing(path):
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def write_json(path: Path, content: object) -> None:
    """Replace a file by JSON for people: indented, in the order given. Raises as `write` does."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    write(path, f"{text}\n".encode())


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Replace a table, without its index. Raises as `write` does."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write(path, buffer.getbuffer())


def append(path: Path, text: str, setting: str) -> None:
    """Add text to the end of a file that others write to as well. Raises as `writing` does."""
    with writing(path, setting), path.open("a", encoding="utf-8") as file:
        file.write(text)


@contextlib.contextmanager
def writing(path: Path, setting: str = "--results") -> Iterator[None]:
    """Turns an OSError while writing to `path` into one sentence; `setting` names its folder."""
    try:
        yield
    except OSError as error:
        if error.errno in _WRONG_PLACE:
            raise InputError(
                f"cannot write {path}: {error.strerror}; give another folder with {setting}"
            ) from error
        raise SDDBenchError(
            f"cannot write {path}: {error.strerror}; what is there is kept, so make room and run "
            "the same command again"
        ) from error


# --- reading ----------------------------------------------------------------------------------


def find(folder: Path, pattern: str) -> list[Path]:
    """What lies below a folder and fits a pattern (`**` is any depth), sorted; nothing is fine."""
    return sorted(folder.glob(pattern))


def read(path: Source) -> bytes | None:
    """The bytes of a file, None if there is none. Raises SDDBenchError if reading fails."""
    try:
        # What has no end (`/dev/zero`) or waits for another program (a pipe) is not opened.
        endless = isinstance(path, Path) and stat.S_IFMT(path.stat().st_mode) not in _BOUNDED
        data = b"" if endless else path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SDDBenchError(f"cannot read {path}: {error.strerror}") from error
    if endless:
        raise SDDBenchError(f"cannot read {path}: it is a pipe or a device, not a file")
    return data


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


def read_parquet(path: Path) -> pd.DataFrame | None:
    """A table, as `read` its bytes. Raises ContentError too."""
    import pandas as pd
    from pyarrow import ArrowException

    data = read(path)
    try:
        return None if data is None else pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError, KeyError, ArrowException) as error:
        raise ContentError(f"not Parquet: {error}") from error


def parquet_columns(path: Path) -> list[str] | None:
    """The columns of a table, None if there is none; the rows are not read. Raises ContentError."""
    from pyarrow import ArrowException, parquet

    try:
        names: list[str] = parquet.read_schema(path).names
    except FileNotFoundError:
        return None
    except (OSError, ArrowException) as error:
        raise ContentError(f"not Parquet: {error}") from error
    return names


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, 64 hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# --- content ----------------------------------------------------------------------------------


def decoded(data: bytes) -> str:
    """UTF-8 text without the mark that some editors put before it. Raises ContentError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(f"not UTF-8 text (byte {error.start})") from error


def parse_json(data: bytes, kind: type[T], *, extra: Extra = "forbid") -> T:
    """JSON as a `kind`: a dataclass, or whatever else has types. Raises ContentError.

    Nothing is converted: "25" is no number, 25.0 is no whole one. A whole number is a float too,
    and NaN and Infinity are floats, as for Python's own reader.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(
            data.removeprefix(codecs.BOM_UTF8), strict=True, extra=extra
        )
    except ValidationError as error:
        raise ContentError(_faults(error)) from error


def parse_toml(text: str, kind: type[T]) -> T:
    """TOML as a `kind`, as `parse_json`."""
    try:
        return checked(tomllib.loads(text), kind)
    except ContentError:
        raise
    except (RecursionError, ValueError) as error:
        # Of numbers with thousands of digits Python says how to switch that safeguard off.
        raise ContentError(f"not TOML: {str(error).partition(';')[0]}") from error


def parse_csv(text: str, kind: type[T]) -> list[T]:
    """The rows below the header, each as a `kind`; an empty cell is one that isn't there, and
    columns that `kind` doesn't have are left out. Raises ContentError.
    """
    from pydantic import ValidationError

    found = []
    reader = csv.DictReader(io.StringIO(text, newline=None), strict=True)
    try:
        for row in reader:
            cells = {name: cell for name, cell in row.items() if name and cell}
            found.append(_adapter(kind).validate_strings(cells, extra="ignore"))
    except ValidationError as error:
        raise ContentError(f"line {reader.line_num}: {_faults(error)}") from error
    except csv.Error as error:
        raise ContentError(f"line {reader.line_num}: not CSV: {error}") from error
    return found


def checked(content: object, kind: type[T], *, extra: Extra = "forbid") -> T:
    """What a reader of JSON or TOML gave, as a `kind`. Raises ContentError as `parse_json`."""
    # By way of JSON, where a list may be a tuple and an object a dataclass though all is strict.
    return parse_json(json.dumps(content, default=str).encode(), kind, extra=extra)


_ADAPTERS: dict[object, TypeAdapter[Any]] = {}
"""By type: making one takes longer than to read hundreds of files with it."""


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    # Here, so that whoever reads nothing (`--help`) doesn't wait 40 ms for pydantic.
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _faults(error: ValidationError) -> str:
    faults = [_fault(each) for each in error.errors(include_url=False)]
    more = len(faults) - _SHOWN
    return "; ".join(faults[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _fault(error: Mapping[str, Any]) -> str:
    """`spec.settings.steps should be a valid integer, not "25"`."""
    field = ".".join(map(str, error["loc"])) or "the content"
    if error["type"] == "json_invalid":
        return f"not JSON: {error['ctx']['error']}"
    if error["type"] == "missing":
        return f"{field} is missing"
    if error["type"] == "unexpected_keyword_argument":
        return f"{field} is unknown"
    expected = error["msg"].removeprefix("Input ").partition(", unable to parse")[0]
    given = json.dumps(error["input"], ensure_ascii=False, default=repr)
    return f"{field} {expected}, not {given:.60}"
