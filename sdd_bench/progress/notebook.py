"""A line of plain text in a notebook, replaced in place: no widgets, and kept when it is saved."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .bar import ticking

if TYPE_CHECKING:
    from .bar import Bar

REDRAW = 0.5
"""Seconds between two pictures of a bar."""

WIDTH = 80
"""Characters of the line, as a notebook doesn't say how wide it is."""


def is_here() -> bool:
    """Whether this runs in a notebook's kernel. IPython is never imported for the question."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    # By name, as ipykernel need not be there, and of all its bases: Colab has a shell of its own.
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


@contextmanager
def shown(bar: Bar, *, stays: bool) -> Iterator[None]:
    """Within it, the bar stands in the cell's output; what would not stay has to last to appear."""
    display = importlib.import_module("IPython.display").display
    handles: list[Any] = []

    def show() -> None:
        if handles:
            handles[0].update(_picture(bar), raw=True)
        else:
            handles.append(display(_picture(bar), raw=True, display_id=True))

    if stays:
        show()
    try:
        with ticking(show, lambda: REDRAW):
            yield
    finally:
        if handles:
            show()


def _picture(bar: Bar) -> dict[str, str]:
    """The line, as an output of the kind that every front end shows."""
    description, cells, facts = bar.fitted(WIDTH)
    full = round(cells * (bar.share or 0.0))
    drawn = "\u2588" * full + "\u2591" * (cells - full)
    return {"text/plain": " ".join(part for part in (description, drawn, facts) if part)}
