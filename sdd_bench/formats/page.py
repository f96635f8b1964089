"""A page: a table of text with its title and notes, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdd_bench.errors import printable

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 120
"""Characters that a table of text has unless the caller says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A table of text to be shown. A cell may have more than one line."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    tidy: pd.DataFrame
    """The numbers behind the table."""
    notes: Sequence[str] = ()
    """Sentences below the table."""

    def escaped(self) -> Page:
        r"""The page with whatever would act where it is shown spelt out, such as `\x1b`.

        The words in it come from files of prompts and from plugins. Only cells have lines.
        """
        return replace(
            self,
            title=printable(self.title),
            header=[printable(cell, keep="\n") for cell in self.header],
            rows=[[printable(cell, keep="\n") for cell in row] for row in self.rows],
            notes=[printable(note) for note in self.notes],
        )

    def __str__(self) -> str:
        from . import render

        return render(self, "text")

    def _repr_html_(self) -> str:
        """The table as notebooks show it."""
        from . import fragment

        return fragment(self)
