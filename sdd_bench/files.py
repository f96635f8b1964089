"""Files that are whole or absent, and errors that say what to do."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InputError, SDDBenchError

if TYPE_CHECKING:
    import pandas as pd

_WRONG_PLACE = {
    errno.EACCES,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}
"""Faults that trying again doesn't cure: the folder is not one that can be written to."""


def write(path: Path, data: bytes) -> None:
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
    write(path, buffer.getvalue())


def read(path: Path) -> bytes | None:
    """The bytes of a file, None if there is none. Raises SDDBenchError if reading fails."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SDDBenchError(f"cannot read {path}: {error.strerror}") from error


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


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, 64 hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
