"""One line of a terminal that is drawn again and again."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from .bar import Bar


@contextmanager
def shown(bar: Bar, console: Console, *, stays: bool) -> Iterator[None]:
    """Within it, the bar stands below whatever else is written."""
    live = Live(
        get_renderable=lambda: _picture(bar, console),
        console=console,
        transient=not stays,
        # What is printed goes above the bar, unless it goes elsewhere: `> table.txt`.
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )
    stream = sys.stderr
    with live, _warnings_above(stream):
        yield


@contextmanager
def _warnings_above(stream: TextIO) -> Iterator[None]:
    """Within it, the log's handlers write to what stands in for `stream`, which draws the bar anew.

    They hold the stream that there was when logging was set up.
    """
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is stream
    ]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)


def _width(console: Console) -> int:
    """Cells of a line: a COLUMNS of another terminal would make two lines of the bar."""
    try:
        columns = os.get_terminal_size(console.file.fileno()).columns
    except (OSError, ValueError):
        return console.width
    return min(console.width, columns or console.width)


def _picture(bar: Bar, console: Console) -> Text:
    """The line in colours, as wide as the terminal."""
    # One cell less: some terminals go to the next line after the last one.
    description, cells, facts = bar.fitted(_width(console) - 1)
    sign = "-" if console.options.ascii_only else "\u2501"
    full = round(cells * (bar.share or 0.0))
    rest = " " if console.no_color or console.color_system is None else sign
    text = Text(description, no_wrap=True, overflow="crop")
    if description:
        text.append(" ")
    if cells:
        text.append(sign * full, "bar.finished" if full == cells else "bar.complete")
        text.append(f"{rest * (cells - full)} ", "bar.back")
    return text.append(facts, "progress.download")
