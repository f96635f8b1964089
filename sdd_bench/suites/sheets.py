"""Sheets: rows of cells below column names, and where in a file each of them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

LARGEST = 100_000_000
"""Bytes of prompts, in a file or a data set: several times what 200,000 rows with seeds and labels
take."""

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


def kind(value: object) -> str:
    """The value and what it is, for a person: `3.5 (float)`."""
    return f"{value!r:.40} ({type(value).__name__})"
