"""What several commands show: tables as wide as the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from textwrap import wrap
from typing import TYPE_CHECKING

from sdd_bench.errors import IncompleteError, printable

from .streams import say, write

if TYPE_CHECKING:
    from sdd_bench.api.results import Result

WIDTH = 120
"""Characters that a table has at least in a file or a pipe."""

PAPER_WIDTH = 160
"""Likewise a paper's table: its cells hold two values and a verdict."""

_ENDLESS = 1_000_000
"""The width of what is no terminal, where a line is a line for other programs."""


def show(result: Result, format_: str = "text", *, width: int = WIDTH) -> None:
    """Print a result as wide as the terminal; elsewhere at least `width` characters wide."""
    write(result.render(format_, width=wide(width)))


@contextmanager
def shown_if_incomplete(format_: str = "text", *, width: int = WIDTH) -> Iterator[None]:
    """Within it, an error for work that is not complete shows first what there is of it."""
    try:
        yield
    except IncompleteError as error:
        from sdd_bench.api.results import Result

        if isinstance(error.result, Result):
            write(f"{error.result.render(format_, width=wide(width))}\n")
        raise


def wide(least: int = WIDTH) -> int:
    """The width of the terminal; for a file or a pipe at least `least` characters."""
    with suppress(OSError, ValueError):
        if sys.stdout.isatty() and (columns := os.get_terminal_size(sys.stdout.fileno()).columns):
            return columns
    return max(least, shutil.get_terminal_size()[0])


def say_wrapped(line: str, *, indent: int = 0) -> None:
    """Print a line; in a terminal as the lines that it takes, broken between words and indented."""
    for part in wrap(
        line,
        wide(_ENDLESS),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=False,
    ):
        say(part.rstrip())


def show_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without lines, as wide as the terminal."""
    from rich import box

    from sdd_bench.formats import text

    safe = [[printable(cell, keep="\n") for cell in row] for row in rows]
    write(text.table(header, safe, wide(), box.SIMPLE))
