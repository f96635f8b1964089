"""What a file says, field by field: JSON, TOML and CSV as typed objects, faults in a sentence."""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")

Extra: TypeAlias = Literal["forbid", "ignore"]
"""What becomes of fields that a type doesn't have."""

_UNKNOWN = "unexpected_keyword_argument"
"""What pydantic calls a field that a type doesn't have."""

_SHOWN = 3
"""How many faults of one file are named."""


class ContentError(ValueError):
    """What is wrong with the content of a file; whoever reads it adds which file, and a remedy."""


class UnknownFieldError(ContentError):
    """Nothing is wrong but that there are fields which this version doesn't know."""


def decoded(data: bytes) -> str:
    """UTF-8 text without the mark that some editors put before it. Raises ContentError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(
            f"not UTF-8 text (byte {error.start}): save it as UTF-8, as editors do, or by `iconv "
            "-f LATIN1 -t UTF-8` (or whatever encoding it is in)"
        ) from error


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
        unknown = all(each["type"] == _UNKNOWN for each in error.errors(include_url=False))
        raise (UnknownFieldError if unknown else ContentError)(_faults(error)) from error


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
    field = f"{'.'.join(map(str, error['loc'])):.100}" or "the content"
    if error["type"] == "json_invalid":
        return f"not JSON: {error['ctx']['error']}"
    if error["type"] == "missing":
        return f"{field} is missing"
    if error["type"] == _UNKNOWN:
        return f"{field} is unknown"
    expected = error["msg"].removeprefix("Input ").partition(", unable to parse")[0]
    given = json.dumps(error["input"], ensure_ascii=False, default=repr)
    return f"{field} {expected}, not {given:.60}"
