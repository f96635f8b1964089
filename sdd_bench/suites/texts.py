"""Texts that come from outside: what keeps one from being a prompt, a concept or a name."""

from __future__ import annotations

import unicodedata

LONGEST = 100_000
"""Characters of a text. What is longer is a file whose quotes don't fit, and no prompt."""

_UNSEEN = {"Cc", "Cf"}
"""Unicode's categories of controls and of marks without a shape, such as a zero-width space."""


_FOREIGN = {
    b"version https://git-lfs": "a pointer of Git LFS: bring the file itself with `git lfs pull`",
    b"<!doctype html": "a page of HTML: download the file itself",
    b"<html": "a page of HTML: download the file itself",
    b"PK\x03\x04": "an archive or a spreadsheet: unpack it, or save it as CSV",
    b"\x1f\x8b": "compressed: unpack it",
}
"""What else is found under the name of a text, by how it begins."""


def foreign(data: bytes) -> str:
    """What a file is that holds no text of prompts, and what to do; empty if it may hold some."""
    head = data[:40].lstrip().lower()
    return next((what for mark, what in _FOREIGN.items() if head.startswith(mark.lower())), "")


def flaw(text: str) -> str:
    """What is wrong with a text, as the end of a sentence about it; empty if nothing is."""
    if "\0" in text:
        return "holds a zero byte, which no text has: the file is damaged"
    if len(text) > LONGEST:
        return f"has {len(text):,} characters, and {LONGEST:,} are read: a quote may lack its end"
    if all(mark.isspace() or unicodedata.category(mark) in _UNSEEN for mark in text):
        return "is empty"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate), which is no Unicode"
    return ""
