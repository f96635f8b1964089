"""What all figures share: their style, the signs of a series, and how they become a file.

Whatever matplotlib is told elsewhere on a machine does not matter here: the same results give the
same bytes, wherever the same release of it draws them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdd_bench import files
from sdd_bench.errors import InputError, MissingError
from sdd_bench.runs import places

from . import letters
from .letters import SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.75
"""Inches: the two columns of a page of most proceedings."""

COLUMN = 3.25
"""Inches: one of the two."""

NARROWEST, WIDEST = 2.0, 40.0

_SIGN = 0.55
"""Inches of an entry of a legend beside its name."""

FORMATS: Mapping[str, Mapping[str, str | None]] = {
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
}
"""Endings of files, each with what matplotlib would write of itself and the day."""

_SETTINGS: Mapping[str, Any] = {
    "font.family": "DejaVu Sans",  # which matplotlib brings
    "font.size": SIZE,
    "axes.titlesize": SIZE,
    "axes.labelsize": SIZE,
    "xtick.labelsize": SIZE,
    "ytick.labelsize": SIZE,
    "legend.fontsize": SIZE,
    "text.parse_math": False,  # a dollar in a prompt is a dollar
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.linewidth": 0.4,
    "grid.color": "#cccccc",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 4.0,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # letters stay letters: journals refuse type 3
    "svg.hashsalt": "sdd-bench",
    "svg.fonttype": "path",
}


# --- series -------------------------------------------------------------------------------------

_COLORS = ("#4d4d4d", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#f0e442")
"""Okabe and Ito's, which people with any colour vision tell apart, with grey for their black."""

_FILLS = ("#c8c8c8", *_COLORS[1:])
"""Those of bars, on which intervals are black."""

_HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_LINES = ("-", "--", "-.", ":")


@dataclass(frozen=True, slots=True)
class Series:
    """How one of several series is told from the others: by its colour, and without it."""

    color: str
    fill: str
    hatch: str
    marker: str
    line: str

    @classmethod
    def number(cls, at: int) -> Series:
        """The style of a series by its place; the lists differ in length, so styles do for long."""
        signs = (_COLORS, _FILLS, _HATCHES, _MARKERS, _LINES)
        return cls(*(every[at % len(every)] for every in signs))


# --- files --------------------------------------------------------------------------------------


def check(path: Path, width: float) -> None:
    """Raise InputError for a figure that can't be, MissingError where nothing can draw it."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path} says no format: a figure ends in {', '.join(FORMATS)}")
    if not NARROWEST <= width <= WIDEST:
        raise InputError(f"a figure is {NARROWEST:g} to {WIDEST:g} inches wide, not {width:g}")
    check_installed()
    places.check(path, "--out")


def check_installed() -> None:
    """Raise MissingError where there is no matplotlib."""
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise MissingError("figures need matplotlib: pip install 'sdd-bench[figures]'") from error


def write(path: Path, draw: Callable[[], Figure]) -> None:
    """Draw a figure in our style and write it. Raises as `check`, and where it can't be written."""
    check_installed()
    buffer, ending = io.BytesIO(), path.suffix.lower()
    with _style():
        draw().savefig(buffer, format=ending[1:], metadata=dict(FORMATS[ending]))
    with files.writing(path, "--out"):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, buffer.getvalue())


@contextmanager
def _style() -> Iterator[None]:
    from matplotlib import style

    with style.context(["default", dict(_SETTINGS)]):
        yield


# --- drawing ------------------------------------------------------------------------------------


def blank(width: float, height: float, *, layout: str | None = "constrained") -> Figure:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]


def panels(number: int, width: float, *, most: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, `most` in a row, each `height` inches high."""
    across = min(number, most)
    down = -(-number // across)
    figure = blank(width, down * height)
    return figure, [figure.add_subplot(down, across, at) for at in range(1, number + 1)]


def key(figure: Figure, entries: Mapping[str, Any]) -> None:
    """The legend of all panels, above them: what is drawn, by its name."""
    # matplotlib leaves out what begins with an underscore.
    names = [f" {name}" if name.startswith("_") else name for name in entries]
    most = max(1, int(figure.get_figwidth() / (_SIGN + max(map(letters.length, names)))))
    rows = math.ceil(len(names) / most)
    figure.legend(
        list(entries.values()),
        names,
        loc="outside upper left",
        ncols=math.ceil(len(names) / rows),
    )
