"""A SHA-256 inside the file that it is of, so that a file which was damaged or edited is known.

A record (an object in JSON) has it as its last field, over the rest of its content: other line
ends or another indentation change nothing. Any other file has it somewhere in its bytes behind
MARK, where its format has room for a text; it is computed with zeros in place of the digits.

Files without one are read as they are: former versions wrote none.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from .content import ContentError

FIELD = "sha256"
"""The field of a record that holds its hash."""

OWNER = "of"
"""The field of a record that says whose it is: a run's digest."""

MARK = "sdd_bench:sha256:"
"""What stands before the 64 digits in any other file."""

BLANK = MARK + "0" * 64
"""What a writer puts where the hash is to be."""

_DIGITS = 64

_ZEROS = b"0" * _DIGITS

_EDGE = 1 << 22
"""Bytes at the beginning and at the end of a file in which its hash is looked for."""

_BLOCK = 1 << 20


# --- records ----------------------------------------------------------------------------------


def record_hash(content: Mapping[str, object]) -> str:
    """The hash of a record's content: of its fields in order, with one spelling of each number."""
    plain = _canonical(json.loads(json.dumps(content)))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def check_record(content: Mapping[str, object], stated: object) -> None:
    """Raise ContentError if the content of a record isn't the one that its hash is of."""
    if stated != record_hash(content):
        raise ContentError(f"its content does not fit its {FIELD}")


def check_owner(stated: object, owner: str) -> None:
    """Raise ContentError if a file says to be another's; many say nothing."""
    if owner and stated not in {"", owner}:
        raise ContentError(f"it is of another run, {stated}")


def _canonical(content: object) -> object:
    """7 for 7.0, which other tools write for it."""
    if isinstance(content, dict):
        return {key: _canonical(item) for key, item in content.items()}
    if isinstance(content, list):
        return [_canonical(item) for item in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content


# --- other files ------------------------------------------------------------------------------


def sealed(data: bytes | memoryview) -> list[bytes | memoryview]:
    """The parts of a file that holds BLANK, with its hash in place of the zeros; nothing is copied.

    Raises ValueError if BLANK isn't there.
    """
    view = memoryview(data)
    start = _place(bytes(view[:_EDGE]), bytes(view[-_EDGE:]), len(view))
    if start is None:
        raise ValueError("the file has no place for its hash")
    before, after = view[:start], view[start + _DIGITS :]
    return [before, _hash([before, _ZEROS, after]).encode(), after]


def check(file: BinaryIO) -> bool:
    """Whether a file carries its hash. Raises ContentError if it is the hash of other bytes."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(_EDGE)
    file.seek(max(0, size - _EDGE))
    start = _place(head, file.read(_EDGE), size)
    if start is None:
        return False
    file.seek(start)
    if file.read(_DIGITS) != _hash(_blanked(file, start)).encode():
        raise ContentError("its content does not fit its SHA-256")
    return True


def _place(head: bytes, tail: bytes, size: int) -> int | None:
    """Where the digits start, given both ends of a file."""
    mark = MARK.encode()
    at, offset = head.find(mark), 0
    if at < 0:
        at, offset = tail.rfind(mark), size - len(tail)
    start = offset + at + len(mark)
    return start if at >= 0 and start + _DIGITS <= size else None


def _blanked(file: BinaryIO, start: int) -> Iterator[bytes]:
    """The blocks of a file with zeros for its digits."""
    file.seek(0)
    left = start
    while left and (block := file.read(min(left, _BLOCK))):
        left -= len(block)
        yield block
    yield _ZEROS
    file.seek(start + _DIGITS)
    while block := file.read(_BLOCK):
        yield block


def _hash(parts: Iterable[bytes | memoryview]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()
