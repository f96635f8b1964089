"""Scores along trainings, iteration by iteration (Kim et al., 2023, figure 5)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sdd_bench.errors import MissingError

from . import canvas
from .canvas import Series
from .letters import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.2
"""Inches of a panel."""


def draw(curves: pd.DataFrame, width: float) -> Figure:
    """A panel per suite and definition, a line per method and role, with its 95 % intervals."""
    parts = list(curves.groupby(["suite", "definition"], sort=False))
    figure, panels = canvas.panels(len(parts), width, most=2, height=_HEIGHT)
    lines = list(dict.fromkeys(zip(curves["method"], curves["role"], strict=True)))
    methods = list(dict.fromkeys(method for method, _ in lines))
    entries: dict[str, Any] = {}
    for axes, (_, part) in zip(panels, parts, strict=True):
        for _, points in part.groupby(["method", "role"], sort=False):
            method, role = map(str, points[["method", "role"]].iloc[0])
            style = Series.number(lines.index((method, role)))
            marker = Series.number(methods.index(method)).marker
            entries[f"{shown(method)}, {role}"] = _line(axes, points, style, marker, role)
        suite, definition, unit = map(str, part[["suite", "definition", "unit"]].iloc[0])
        axes.set(xlabel="iteration", ylabel=shown(f"{definition} {unit}"), title=shown(suite))
        axes.grid(visible=True)
        if unit:
            axes.set_ylim(bottom=0)
    canvas.key(figure, entries)
    return figure


def _line(axes: Axes, points: pd.DataFrame, style: Series, marker: str, role: str) -> Any:
    """The points of a teacher are filled, those of its student are not."""
    x = points["iteration"]
    axes.fill_between(x, points["low"], points["high"], color=style.color, alpha=0.15, linewidth=0)
    (line,) = axes.plot(
        x,
        points["value"],
        color=style.color,
        linestyle=style.line,
        marker=marker,
        fillstyle="full" if role == "teacher" else "none",
    )
    return line


def beside(file: Path, curves: pd.DataFrame) -> list[Path]:
    """A PNG per suite and definition beside the stored curve; returns them."""
    written = []
    for (suite, definition), part in curves.groupby(["suite", "definition"]):
        path = file.parent / f"{suite}-{definition}.png".replace("/", "-")
        try:
            canvas.write(path, partial(draw, part, canvas.COLUMN))
        except MissingError as error:
            raise MissingError(f"{file} is written, but {error}") from error
        written.append(path)
    return written
