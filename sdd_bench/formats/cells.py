"""Signs and numbers as the cells of tables show them.

A number is shown in a format of Python's (`.1f`, `+.3g`), and as a dash where it is NaN.
"""

from __future__ import annotations

import math

ARROWS = {"lower": "↓", "higher": "↑"}
"""The direction in which a value is better."""

DASH = "–"
"""What stands for a number that there is none of."""


def number(value: float, form: str, *, absent: str = DASH) -> str:
    """A number: `74.2`; `absent` where it is NaN."""
    return absent if math.isnan(value) else format(value, form)


def interval(low: float, high: float, form: str) -> str:
    """The two ends of an interval: `[71.0, 77.1]`."""
    return f"[{number(low, form)}, {number(high, form)}]"


def measured(value: float, low: float, high: float, form: str) -> str:
    """A value and its interval: `74.2 [71.0, 77.1]`."""
    return f"{number(value, form)} {interval(low, high, form)}"


def counted(value: float, low: float, high: float, n: int, reason: str, form: str) -> str:
    """A value, its interval and n: `74.2 [71.0, 77.1] n=990 (10 of 1000 images unscored)`; where
    there is no value, a dash and the reason.
    """
    if math.isnan(value):
        return dash(reason)
    return f"{measured(value, low, high, form)} n={n}{because(reason)}"


def dash(reason: str) -> str:
    """A dash and the reason for it: `– (not scored)`."""
    return f"{DASH}{because(reason)}"


def because(reason: str) -> str:
    """A reason behind a cell: ` (not scored)`; nothing where there is none."""
    return f" ({reason})" if reason else ""


def three_digits(value: float) -> str:
    """The format with as many decimals as show three significant digits, at most four."""
    known = value and math.isfinite(value)
    magnitude = math.floor(math.log10(abs(value))) if known else 0
    return f".{min(max(2 - magnitude, 0), 4)}f"


def minus(text: str) -> str:
    """The text with a minus sign for every hyphen."""
    return text.replace("-", "−")


def heading(definition: str, unit: str, better: str) -> str:
    """A definition with its unit and direction: `nude/miniature@0.7 % ↓`."""
    return " ".join(filter(None, [definition, unit, ARROWS[better]]))
