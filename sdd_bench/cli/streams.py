"""What is said, and where to: stdout for results, stderr for talk, whatever becomes of them.

A log on a full disk, a reader that goes away (`| head`) or a stream that was closed beforehand ends
no work and changes no verdict. Only a result that cannot be written is a fault.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, TextIO, cast

from sdd_bench.errors import SDDBenchError, printable

if TYPE_CHECKING:
    from logging import _SysExcInfoType


def say(*lines: str, err: bool = False) -> None:
    """Print lines in which nothing acts that came from data. Raises as `write` does."""
    write("".join(f"{printable(line)}\n" for line in lines), err=err)


def write(text: str, *, err: bool = False) -> None:
    """Print a text as it is. Raises SDDBenchError if it is a result and cannot be written."""
    stream = sys.stderr if err else sys.stdout
    try:
        stream.write(_spelt(text, getattr(stream, "encoding", None) or "utf-8"))
        stream.flush()
    except OSError as error:
        raise SDDBenchError(
            f"cannot write the output: {error.strerror}; what is computed is kept, and "
            "`sdd-bench table` shows it again"
        ) from error


_PLAIN = dict.fromkeys(range(9472, 9600), "+") | str.maketrans("─━╌╍═│┃║–−↓↑→", "-----|||--v^>")
"""Frames, dashes and arrows in the letters that every encoding has."""


def _spelt(text: str, encoding: str) -> str:
    """The text, with these in ASCII where the encoding has no lines; other letters that it lacks
    are left to the stream.
    """
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_PLAIN)
    return text


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Within it, whoever writes to stdout or stderr does so as the module says."""
    _open_closed()
    stdout, stderr = (
        _Lenient(sys.stdout, BrokenPipeError),
        _Lenient(sys.stderr, OSError, ValueError),
    )
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # where arrows and dashes don't exist, they are spelt out
        reconfigure(errors="backslashreplace")
    with (
        contextlib.redirect_stdout(cast(TextIO, stdout)),
        contextlib.redirect_stderr(cast(TextIO, stderr)),
    ):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Lines("%(levelname)s: %(message)s"))
        handler.addFilter(Once())
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
        try:
            yield
        finally:
            stdout.end()
            stderr.end()


class Lines(logging.Formatter):
    """Lines of a log in which nothing acts that came from data."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: _SysExcInfoType) -> str:  # noqa: N802 - logging's name
        """The lines of a traceback."""
        return printable(super().formatException(ei), keep="\n")


class Once(logging.Filter):
    """Warnings that have been given by this command are not given again: a file is read by several
    parts of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._given: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is new, or no warning."""
        text = record.getMessage()
        new = record.levelno < logging.WARNING or text not in self._given
        self._given.add(text)
        return new


class _Lenient:
    """A stream that forgives some faults: what could not be written is lost, and no more."""

    def __init__(self, stream: IO[str], *forgiven: type[Exception]) -> None:
        self._stream, self._forgiven = stream, forgiven

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or lose the text."""
        with contextlib.suppress(*self._forgiven):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or try again when more is written."""
        with contextlib.suppress(*self._forgiven):
            self._stream.flush()

    def end(self) -> None:
        """Give up what is still not written: Python would try it once more and exit with 120."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _open_closed() -> None:
    """Put something in place of streams that were closed (`>&-`).

    The next file that is opened would get their number, and what a library in C says on stderr
    would stand in the middle of a picture.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
