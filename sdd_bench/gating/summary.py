"""The outcome of a gate in Markdown, short enough for a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import files, formats

from .page import row

if TYPE_CHECKING:
    from sdd_bench.formats.page import Page

    from .outcome import CheckResult

LARGEST = 60_000
"""Characters; a comment on GitHub takes 65,536."""

SHOWN = 20
"""Rows and notes at most."""

_LONG = 300
"""Characters of one note."""

_CALLING = re.compile(r"(?<![\w&])[@#](?=\w)")
"""What would call a person, or point to an issue."""


def write(path: Path, page: Page, checks: Sequence[CheckResult]) -> None:
    """Write what failed or moved of the checks that a page shows."""
    with files.writing(path, "--summary"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, render(page, checks).encode())


def render(page: Page, checks: Sequence[CheckResult]) -> str:
    """The title, rows that failed or moved, and why they failed: as many as there is room for."""
    failed = [each for each in checks if not each.passes]
    moved = [each for each in checks if each.passes and _moved(each)]
    reasons = [note for note in page.notes if note.startswith("FAIL ")]
    text = ""
    for most in range(SHOWN, -1, -1):
        rows = [*failed, *moved][:most]
        notes = [note if len(note) <= _LONG else f"{note[:_LONG]}..." for note in reasons[:most]]
        notes += _rest(len(checks), len(rows), len(failed) + len(moved))
        short = replace(page, rows=[row(each) for each in rows], notes=notes)
        text = _CALLING.sub(r"\g<0><!-- -->", formats.render(short, "markdown"))
        if len(text) <= LARGEST:
            break
    return text


def _moved(check: CheckResult) -> bool:
    """Whether it passes, and not because nothing has happened."""
    flipped = any(sign in "123456789" for sign in check.flips)
    return flipped or abs(check.value - check.baseline) > 0  # which is false where one is NaN


def _rest(checks: int, shown: int, changed: int) -> list[str]:
    """What is not shown."""
    notes = [f"{changed - shown} more failed or moved."] if changed > shown else []
    return [*notes, f"{checks - changed} of {checks} checks pass without any change."]
