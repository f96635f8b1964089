"""The bar in a terminal: one line at every width, and nothing left behind."""

from __future__ import annotations

import io
import logging
import re
import sys
import time

import pytest
from rich.cells import cell_len
from rich.console import Console

from sdd_bench.progress import terminal
from sdd_bench.progress.bar import Bar
from support.terminals import drawn, in_terminal, no_terminals

LONG = "sd + sd-neg + sld-weak + sld-medium + sld-max + sega on country_body"


def up(written: str) -> int:
    """How often the cursor went up: only a bar of several lines has to be left upwards."""
    return len(re.findall(r"\x1b\[\d*A", written))


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_the_bar_is_one_line(width: int) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, color_system=None)
    bar = Bar(LONG, 30_000, "images", 0)
    with terminal.shown(bar, console, stays=True):
        for _ in range(3):
            bar.advance(1000)
            time.sleep(0.3)
        bar.end()
    lines = drawn(file.getvalue())
    assert max(map(cell_len, lines)) < width
    assert up(file.getvalue()) == 0
    assert [line for line in lines if "3000/30000" in line]


def test_a_bar_of_two_lines_would_be_noticed() -> None:
    from rich.live import Live

    file = io.StringIO()
    with Live("one\ntwo", console=Console(file=file, force_terminal=True, width=80)) as live:
        live.refresh()
    assert up(file.getvalue()) > 0


def test_what_does_not_stay_is_gone() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, color_system=None)
    with terminal.shown(Bar("loading", None, "", 0), console, stays=False):
        pass
    # The last thing is that the line is deleted.
    assert file.getvalue().rstrip("\r").endswith("\x1b[2K")


def test_warnings_go_above_the_bar_and_then_where_they_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    console = Console(stderr=True, force_terminal=True, width=80, color_system=None)
    try:
        with terminal.shown(Bar("sd", 5, "images", 0), console, stays=True):
            logging.getLogger("sdd_bench.test").warning("a.png is damaged")
        logging.getLogger("sdd_bench.test").warning("afterwards")
    finally:
        logging.getLogger().removeHandler(handler)
    assert handler.stream is file
    lines = drawn(file.getvalue())
    assert "a.png is damaged" in lines  # on a line of its own
    assert lines[-2:] == ["afterwards", ""]


# --- a real terminal ----------------------------------------------------------------------------

WORK = f"""
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # under nohup it would be ignored
from sdd_bench.progress import progress
with progress({LONG!r}, 5000) as advance:
    for _ in range(5):
        time.sleep(0.2)
        advance(1000)
    print("a line", flush=True)
    time.sleep(SECONDS)
"""


@no_terminals
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_real_terminal_shows_one_line(width: int) -> None:
    code, written = in_terminal(WORK.replace("SECONDS", "0.3"), width)
    assert code == 0, written
    assert up(written) == 0
    lines = drawn(written)
    assert max(map(cell_len, lines)) < width
    assert "a line" in lines
    *_, last = [line for line in lines if "/5000" in line]
    assert re.fullmatch(r"sd \+ .*country_body .*5000/5000 [\d.]+ images/s in 0:0\d", last)


@no_terminals
def test_the_bar_is_as_wide_as_its_own_terminal() -> None:
    """COLUMNS may be that of another window, or of what this one was before."""
    code, written = in_terminal(WORK.replace("SECONDS", "0.3"), 60, COLUMNS="200")
    assert code == 0, written
    assert max(map(cell_len, drawn(written))) < 60


@no_terminals
def test_an_interrupt_ends_the_line_and_gives_the_cursor_back() -> None:
    code, written = in_terminal(WORK.replace("SECONDS", "30"), 80, interrupt=True)
    assert code != 0
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    # What Python says of it begins on a line of its own.
    assert "Traceback (most recent call last):" in drawn(written)
