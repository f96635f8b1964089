"""Texts in a figure: how long they are in inches, broken into lines, and in letters that there are.

They come from files of prompts and names of methods, so they may hold anything.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sdd_bench.errors import printable

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

SIZE = 7.0
"""Points of all letters."""

LINE = 1.25 * SIZE / 72
"""Inches from one line to the next."""

MORE = "…"

ABSENT = "□"
"""In place of a letter that the font doesn't have."""

_MOST = 500
"""Letters that are looked at: nothing has room for more."""


_EXACT = 100
"""How much larger letters are when they are measured: small ones are fitted to pixels."""


@cache
def _font() -> FT2Font:
    from matplotlib import font_manager, ft2font

    # One of our own: matplotlib sets the size of those that it draws with.
    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    font.set_size(SIZE * _EXACT, 72)
    return font


def shown(text: str) -> str:
    """The text in one line: nothing acts in it, and every letter is one of the font's."""
    safe = " ".join(printable(text[:_MOST]).split())
    return "".join(each if _font().get_char_index(ord(each)) else ABSENT for each in safe)


@cache
def length(text: str) -> float:
    """Inches that a text which is `shown` takes."""
    font = _font()
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64 / 72 / _EXACT


def wrapped(text: str, width: float, most: int) -> list[str]:
    """The text in at most so many lines of so many inches; the last one says if there was more."""
    rest = shown(text)
    lines: list[str] = []
    while rest and len(lines) < most:
        line, rest = _line(rest, width)
        lines.append(line)
    if rest:
        lines[-1] = _cut(f"{lines[-1]} {rest}", width)
    return lines


def _line(text: str, width: float) -> tuple[str, str]:
    """What fits in a line, and the rest: between words, or within one that is too long."""
    if length(text) <= width:
        return text, ""
    words = text.split(" ")
    fitting = [at for at in range(1, len(words)) if length(" ".join(words[:at])) <= width]
    if fitting:
        return " ".join(words[: fitting[-1]]), " ".join(words[fitting[-1] :])
    whole = [at for at in range(1, len(text)) if length(text[:at]) <= width]
    end = whole[-1] if whole else 1
    return text[:end], text[end:].lstrip()


def _cut(text: str, width: float) -> str:
    """As much of the text as fits, and the sign for more."""
    fitting = [at for at in range(len(text)) if length(text[:at].rstrip() + MORE) <= width]
    return text[: fitting[-1] if fitting else 0].rstrip() + MORE
