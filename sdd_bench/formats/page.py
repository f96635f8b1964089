"""A page: a table of text with its title and notes, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is shown. A cell may have several lines."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    tidy: pd.DataFrame
    """The numbers behind it."""
    notes: Sequence[str] = ()
    """Sentences below the table."""
