"""Paths that environment variables name."""

from __future__ import annotations

import os
from pathlib import Path

from sdd_bench.errors import InputError


def named(variable: str, default: str | Path) -> Path:
    """The path in an environment variable; the default where it is unset or empty. InputError."""
    given = os.environ.get(variable, "").strip() or default
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise InputError(
            f"the environment variable {variable} names '{given}', a folder of a user whom this "
            f"machine doesn't know: give a path, or unset {variable}"
        ) from error
