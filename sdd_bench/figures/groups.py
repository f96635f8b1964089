"""One definition by groups of prompts: a country, a category, an artist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from . import canvas
from .canvas import Series
from .letters import LINE, length, shown, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THINNEST = 0.075
"""Inches of a bar: with more groups than fit beside each other, the others go below."""

_HEIGHT = 1.5
"""Inches of a panel without the names of its groups."""

_MARGIN = 0.6
"""Inches left of the bars."""

_LONGEST = 1.2
"""Inches of the name of a group."""

_BETWEEN = 0.06
"""Inches between names."""


def draw(values: pd.DataFrame, width: float) -> Figure:
    """A bar per group and method: rows of the tidy table of one suite and definition, by group, and
    `label`, what each row's method is called.
    """
    groups = list(dict.fromkeys(values["group"]))
    methods = list(dict.fromkeys(values["label"]))
    most = max(1, int((width - _MARGIN) / ((len(methods) + 1) * THINNEST)))
    rows = math.ceil(len(groups) / most)
    across = math.ceil(len(groups) / rows)
    names = _Names.of(groups, (width - _MARGIN) / across)
    figure = canvas.blank(width, rows * (_HEIGHT + names.height) + LINE)
    entries: dict[str, Any] = {}
    for row in range(rows):
        axes = figure.add_subplot(rows, 1, row + 1)
        part = groups[row * across : (row + 1) * across]
        for at, method in enumerate(methods):
            of_method = values[values["label"] == method].set_index("group").reindex(part)
            place = (at - (len(methods) - 1) / 2) / (len(methods) + 1)
            bars = _bars(axes, of_method, place, 1 / (len(methods) + 1), Series.number(at))
            entries.setdefault(shown(method), bars)
        axes.set_xticks(range(len(part)), names.shown[row * across : (row + 1) * across])
        axes.tick_params(axis="x", rotation=90 if names.upright else 0, length=0)
        axes.set_xlim(-0.6, across - 0.4)
        definition, unit, suite = (values[key].iloc[0] for key in ("definition", "unit", "suite"))
        axes.set_ylabel(f"{shown(f'{definition} {unit}')}\n{shown(suite)}")
        axes.grid(visible=True, axis="y")
    _same_scale(figure)
    canvas.key(figure, entries)
    return figure


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of groups below their bars."""

    shown: Sequence[str]
    upright: bool
    height: float

    @classmethod
    def of(cls, groups: Sequence[str], width: float) -> _Names:
        """In two lines of so many inches, or turned where a word is longer."""
        words = [word for group in groups for word in shown(group).split(" ")]
        if max(map(length, words)) <= width - _BETWEEN:
            lines = [wrapped(group, width - _BETWEEN, 2) for group in groups]
            height = LINE * max(map(len, lines))
            return cls(["\n".join(each) for each in lines], upright=False, height=height)
        names = [wrapped(group, _LONGEST, 1)[0] for group in groups]
        return cls(names, upright=True, height=max(map(length, names)))


def _bars(axes: Axes, values: pd.DataFrame, place: float, thick: float, style: Series) -> Any:
    """The bars of a method; a group without a value has a dash."""
    x = [at + place for at in range(len(values))]
    bars = axes.bar(
        x, values["value"], thick, color=style.fill, hatch=style.hatch, edgecolor="black",
        linewidth=0.5,
    )  # fmt: skip
    ends = [values["value"] - values["low"], values["high"] - values["value"]]
    axes.errorbar(
        x, values["value"], yerr=ends, fmt="none", ecolor="black", elinewidth=0.7, capsize=1.5
    )
    for at, value in zip(x, values["value"], strict=True):
        if math.isnan(value):
            axes.annotate("–", (at, 0), ha="center", va="bottom")
    return bars


def _same_scale(figure: Figure) -> None:
    """Every row has the scale of the one that reaches furthest."""
    ends = [axes.get_ylim() for axes in figure.axes]
    for axes in figure.axes:
        axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
