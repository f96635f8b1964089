"""From run folders to one tidy table, and from that to a page to look at or to paste.

`frame` computes every number there is, once; all output formats read it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from . import guards, rendering
from .rendering import Page
from .results import Run, SetValue
from .statistics import cluster_interval, wilson
from .types import Definition, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .types import Floats

COLUMNS = (
    "model",
    "suite",
    "method",
    "concepts",
    "digest",
    "definition",
    "group",
    "value",
    "low",
    "high",
    "noise_low",
    "noise_high",
    "n",
    "unit",
    "better",
    "reason",
)
"""The columns of the tidy table: one row per run and definition, and per group where it is split.

Rates are in percent. `low` and `high` end the 95 % interval over prompts; `noise_low` and
`noise_high` Wilson's of a rate, which is sampling noise only: images of one prompt resemble each
other, and it doesn't know.
"""

ARROWS = {"lower": "↓", "higher": "↑"}


# --- numbers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Value):
    """A value with the sampling noise of a rate; NaN where it isn't one."""

    noise_low: float = math.nan
    noise_high: float = math.nan


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run has been scored with, read once."""

    scores: pd.DataFrame
    sets: dict[str, SetValue]
    images: int
    clusters: NDArray[np.int64]
    """The prompt of each row, as a number."""

    @classmethod
    def of(cls, run: Run) -> Scored:
        """Everything from one run folder."""
        scores = run.scores()
        clusters = pd.factorize(scores["prompt_id"])[0]
        return cls(scores, run.sets(), run.facts().images, clusters)

    def groups(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each group, by name; an image may be in several (`violence, hard`)."""
        labels = self.scores["group"].str.split(", ").explode()
        labels = labels[labels.fillna("") != ""]
        rows = {
            str(name): several.to_numpy() for name, several in labels.groupby(labels).groups.items()
        }
        return dict(sorted(rows.items()))

    def value(self, definition: Definition, rows: NDArray[np.int64] | None = None) -> Measured:
        """The value of a definition, over all images or those in `rows`."""
        if definition.name in self.sets and rows is None:
            found = self.sets[definition.name]
            return Measured(**{key: getattr(found, key) for key in _VALUE})
        if definition.measure not in self.scores.columns:
            return absent("not scored")
        raw = self.scores[definition.measure].to_numpy(dtype=np.float64)
        faults = self.scores["fault"].to_numpy()
        clusters = self.clusters
        total = max(self.images, len(raw))
        if rows is not None:
            raw, faults, clusters, total = raw[rows], faults[rows], clusters[rows], len(rows)
        return _measured(definition, raw, clusters, unscored(raw, total, faults))


_VALUE = ("value", "low", "high", "n", "reason")


def unscored(raw: Floats, total: int, faults: Iterable[object]) -> str:
    """How many of `total` images have no raw score, and what is wrong with them if it is known."""
    n = int((~np.isnan(raw)).sum())
    if n == total:
        return "" if total else "no images"
    named = guards.summary([str(fault) for fault in faults])
    return f"{total - n} of {total} images unscored" + (f" ({named})" if named else "")


def _measured(
    definition: Definition, raw: Floats, clusters: NDArray[np.int64], reason: str
) -> Measured:
    """The value of raw scores, some of which may be NaN."""
    scored = ~np.isnan(raw)
    n = int(scored.sum())
    if not n:
        return absent(reason)
    if definition.threshold is None:
        value, low, high = cluster_interval(raw[scored], clusters[scored])
        return Measured(value=value, low=low, high=high, n=n, reason=reason)
    events = definition.counts(raw[scored]).astype(np.float64)
    noise_low, noise_high = wilson(round(events.sum()), n)
    value, low, high = cluster_interval(events, clusters[scored])
    return Measured(
        value=100 * value,
        low=100 * low,
        high=100 * high,
        n=n,
        reason=reason,
        noise_low=100 * noise_low,
        noise_high=100 * noise_high,
    )


def absent(reason: str) -> Measured:
    """No value, and why."""
    return Measured(value=math.nan, low=math.nan, high=math.nan, n=0, reason=reason)


def frame(
    runs: Sequence[Run], definitions: Sequence[Definition], *, by_group: bool = False
) -> pd.DataFrame:
    """The tidy table of `runs` x `definitions`, in that order, with the columns COLUMNS.

    A value that couldn't be computed is NaN, and `reason` says why; where only some images
    couldn't be scored, it says how many. `by_group` splits the scores of images by the groups of
    their prompts (country, category); sets of images have no parts.
    """
    rows = []
    for run in runs:
        scored = Scored.of(run)
        for group, part in (scored.groups() if by_group else {"": None}).items():
            for definition in definitions:
                if by_group and definition.name in scored.sets:
                    continue
                about = _about(run, definition, group)
                rows.append(about | asdict(scored.value(definition, part)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _about(run: Run, definition: Definition, group: str) -> dict[str, object]:
    return {
        "model": run.spec.model,
        "suite": run.spec.suite,
        "method": run.spec.method,
        "concepts": ", ".join(run.spec.concepts),
        "digest": run.spec.digest,
        "definition": definition.name,
        "group": group,
        "unit": definition.unit,
        "better": definition.better,
    }


def join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tidy tables below one another."""
    return pd.concat(frames, ignore_index=True) if frames else frame([], [])


# --- for people -------------------------------------------------------------------------------


def render(tidy: pd.DataFrame, format: str, *, width: int = 120) -> str:  # noqa: A002
    """The table in one of `rendering.FORMATS`. Raises InputError for another format."""
    return rendering.render(page(tidy), format, width=width)


def page(tidy: pd.DataFrame) -> Page:
    """The table as people read it."""
    wide = pivot(tidy)
    rows = [[str(label), *cells] for label, cells in zip(wide.index, wide.to_numpy(), strict=True)]
    header = [str(wide.index.name), *wide.columns]
    return Page(title=title(tidy), header=header, rows=rows, tidy=tidy)


def pivot(tidy: pd.DataFrame) -> pd.DataFrame:
    """A row per method, a column per suite and definition, of text; where the table is split, a
    row per group and a column per method too.

    Rows and columns come in the order of their first appearance.
    """
    cells: dict[str, dict[str, str]] = {}
    headers: dict[str, None] = {}
    split = bool((tidy["group"] != "").any())
    for row, label in zip(tidy.to_dict("records"), _labels(tidy), strict=True):
        header = f"{label}: {_header(row)}" if split else _header(row)
        headers[header] = None
        cells.setdefault(str(row["group"]) if split else label, {})[header] = _cell(row)
    return pd.DataFrame(
        [[row.get(header, "–") for header in headers] for row in cells.values()],
        index=pd.Index(list(cells), name="group" if split else "method", dtype="str"),
        columns=list(headers),
    )


def _labels(tidy: pd.DataFrame) -> list[str]:
    """Method and concepts of each row; model and digest where without them two would look alike."""
    several = len(tidy["model"].unique()) > 1
    labels = [
        (f"{row['model']}: " if several else "")
        + str(row["method"])
        + (f" ({row['concepts']})" if row["concepts"] else "")
        for row in tidy.to_dict("records")
    ]
    digests: dict[tuple[str, str], set[str]] = {}
    places = list(zip(labels, tidy["suite"], strict=True))
    for place, digest in zip(places, tidy["digest"], strict=True):
        digests.setdefault(place, set()).add(digest)
    return [
        f"{label} #{digest}" if len(digests[place]) > 1 else label
        for label, place, digest in zip(labels, places, tidy["digest"], strict=True)
    ]


def _header(row: Mapping[Hashable, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{row['suite']} {row['definition']}{unit} {ARROWS[row['better']]}"


def _cell(row: Mapping[Hashable, Any]) -> str:
    """`74.2 [71.0, 77.1] n=1000`, or a dash and the reason."""
    reason = f" ({row['reason']})" if row["reason"] else ""
    value = row["value"]
    if math.isnan(value):
        return f"–{reason}"
    decimals = 1 if row["unit"] == "%" else _decimals(value)
    low, high = (
        "–" if math.isnan(end) else f"{end:.{decimals}f}" for end in (row["low"], row["high"])
    )
    return f"{value:.{decimals}f} [{low}, {high}] n={row['n']}{reason}"


def _decimals(value: float) -> int:
    """As many as show three significant digits, at most four."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return min(max(2 - magnitude, 0), 4)


def title(tidy: pd.DataFrame) -> str:
    """The sentence above a table: which model its numbers are of."""
    models = [f"'{model}'" for model in tidy["model"].unique()]
    if not models:
        return "No results yet"
    if len(models) == 1:
        return f"Numbers of model {models[0]}; they do not compare with those of another model"
    return f"Numbers of models {' and '.join(models)}; they do not compare with one another"
