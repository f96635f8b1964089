"""What a removal costs: the rate of what should be gone, against FID, CLIP score or LPIPS."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from sdd_bench.analysis.tradeoff import Axis

from . import canvas
from .canvas import Series
from .letters import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.3
"""Inches of a panel."""


def draw(removal: Axis, costs: Sequence[tuple[Axis, pd.DataFrame]], width: float) -> Figure:
    """A panel per cost, a point per method with its 95 % intervals in both directions."""
    figure, panels = canvas.panels(len(costs), width, most=3, height=_HEIGHT)
    names = list(dict.fromkeys(name for _, points in costs for name in points.index))
    styles = {name: Series.number(at) for at, name in enumerate(names)}
    entries: dict[str, Any] = {}
    for at, (axes, (cost, points)) in enumerate(zip(panels, costs, strict=True)):
        for point in points.reset_index().to_dict("records"):
            name = point["label"]
            entries.setdefault(shown(name), _point(axes, point, styles[name]))
        axes.set(xlabel=_label(cost, "← better", "better →"))
        if at % 3 == 0:
            axes.set(ylabel=_label(removal, "↓ better", "↑ better"))
        axes.set_ylim(bottom=-0.05 * axes.get_ylim()[1])  # a point at 0 is seen whole
        axes.grid(visible=True)
    canvas.key(figure, entries)
    return figure


def _label(axis: Axis, lower: str, higher: str) -> str:
    better = lower if axis.better == "lower" else higher
    return f"{shown(f'{axis.definition} {axis.unit}')}\n{shown(axis.suite)} ({better})"


def _point(axes: Axes, point: Mapping[Hashable, Any], style: Series) -> Any:
    x, y = point["cost_value"], point["removal_value"]
    return axes.errorbar(
        [x],
        [y],
        xerr=[[x - point["cost_low"]], [point["cost_high"] - x]],
        yerr=[[y - point["removal_low"]], [point["removal_high"] - y]],
        color=style.color,
        marker=style.marker,
        markeredgecolor="black",
        markeredgewidth=0.5,
        markersize=5.5,
        linestyle="none",
        elinewidth=0.8,
        capsize=2,
    )
