"""Files of prompts: published, and written by a test."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from support.paths import ROOT, SHARED

PROMPTS = ROOT / "prompts"


Rows: TypeAlias = "list[dict[str, str]]"


def published(file: str) -> Path:
    path = SHARED / file
    if not path.exists():
        pytest.skip(f"{file} is not shipped and not at {path}")
    return path


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hash_of(rows: Sequence[Sequence[object]]) -> str:
    """A suite's hash from [id, text, seed] of each prompt."""
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)
