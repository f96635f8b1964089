"""A sentence for whatever goes wrong, and the exit code that belongs to it."""

from __future__ import annotations

import errno

import click

from sdd_bench.errors import InputError, MissingError, SDDBenchError

INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C has stopped."""

LONGEST = 4000
"""Characters of a message at most: a name in it may be a whole file."""

_KEPT = "what is done is kept, and the same command goes on"

_NO_MEMORY = ("OutOfMemoryError", "can't allocate memory", "not enough memory", "bad_alloc")
"""How torch, onnxruntime and C++ spell a MemoryError: the name of the class or its message."""

_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""Faults of a disk without room."""


def sentence(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit code; never the bare words of a library."""
    message, code = _sentence(error)
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} ... {message[-LONGEST // 2 :]}"
    return message, code


def _sentence(error: BaseException) -> tuple[str, int]:
    if isinstance(error, SDDBenchError):
        return str(error), error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), InputError.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted; what is done is kept, the same command goes on", INTERRUPTED
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        remedy = f"python -m pip install {package}, or install sdd-bench again"
        return f"the Python package '{package}' is missing: {remedy}", MissingError.exit_code
    return _fault(error), SDDBenchError.exit_code


def _fault(error: BaseException) -> str:
    said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    if isinstance(error, MemoryError) or any(sign in said for sign in _NO_MEMORY):
        return f"not enough memory: give a smaller --batch-size, or end what else needs it; {_KEPT}"
    if isinstance(error, RecursionError):
        return f"something is nested too deeply to be followed; {_KEPT}{_trace(said)}"
    if isinstance(error, OSError) and error.strerror:
        where = f"cannot use {error.filename}: " if error.filename is not None else ""
        remedy = "make room" if error.errno in _ROOM else "see that it can be read and written"
        return f"{where}{error.strerror}; {remedy}; {_KEPT}{_trace(type(error).__name__)}"
    return f"a fault that nobody foresaw; {_KEPT}, or please report it{_trace(said)}"


def _trace(said: str) -> str:
    """What a report of the fault needs."""
    shown = said if len(said) <= 300 else f"{said[:300]} ..."
    return f" ({shown}; SDD_BENCH_DEBUG=1 shows the traceback)"
