"""How far apart unrelated pictures are, by which a distance of pairs has to be read.

LPIPS between a method's image and the undefended model's of the same noise is 0 where nothing has
changed; where everything has, it is what two unrelated images of the undefended model have between
them. That depends on network, size and prompts, so it is measured. (Table 2 of Kim et al., 2023,
has .42 for SLD, and .10 to .24 for all that was paired: such a value may well be this one.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sdd_bench import models
from sdd_bench.errors import InputError
from sdd_bench.formats import cells
from sdd_bench.formats.page import Page
from sdd_bench.registry import Registry
from sdd_bench.runs import lookup
from sdd_bench.runs.identity import BASELINE
from sdd_bench.scoring import batches, border
from sdd_bench.statistics.intervals import cluster_interval
from sdd_bench.types import Definition, PairMetric, Sample, Value

from .values import ABOUT_RUN, INTERVAL, Scored, about

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdd_bench.runs.run import Run
    from sdd_bench.types import Floats

NOISE = "other noise"
"""Two images of one prompt."""

PROMPT = "other prompt"
"""Images of two prompts."""

PAIRED = "same noise"
"""The method's image and the undefended model's, as stored."""

COLUMNS = (*ABOUT_RUN, "pairs", "definition", *INTERVAL, "n", "share", "reason")
"""The columns of the tidy table: one row per kind of pairs and definition. `share` is the value in
percent of that of NOISE, or where each prompt has one image only, of PROMPT.
"""


# --- which pairs --------------------------------------------------------------------------------


def pairs(samples: Sequence[Sample], kind: str, seed: int) -> NDArray[np.int64]:
    """Rows (N, 2) of samples: every sample that has one, with a partner of that kind.

    No image is its own partner. NOISE turns the images of each prompt by a random number of
    places, PROMPT gives each prompt the next one in a random circle of all; both are seeded.
    """
    random = np.random.default_rng(seed)
    by_prompt: dict[str, list[int]] = {}
    for row, sample in enumerate(samples):
        by_prompt.setdefault(sample.prompt.id, []).append(row)
    prompts = list(by_prompt.values())
    partners: list[tuple[int, int]] = []
    if kind == NOISE:
        for rows in prompts:
            if len(rows) > 1:
                turned = np.roll(rows, random.integers(1, len(rows)))
                partners += zip(rows, turned.tolist(), strict=True)
    elif len(prompts) > 1:
        circle = random.permutation(len(prompts))
        for at, following in zip(circle, np.roll(circle, -1), strict=True):
            others = prompts[following]
            partners += [(row, others[k % len(others)]) for k, row in enumerate(prompts[at])]
    return np.array(sorted(partners), dtype=np.int64).reshape(-1, 2)


def measure(
    run: Run, metric: PairMetric, kind: str, *, most: int, seed: int
) -> tuple[float, float, float, int]:
    """The mean distance of a run's own images, its 95 % interval over prompts, and of how many
    pairs, `most` at most; NaN if there are none.
    """
    scores = run.scores()
    whole = (scores["fault"] == "").to_numpy()
    samples = [sample for sample, use in zip(run.samples(), whole, strict=True) if use]
    gone = run.discarded(samples)
    samples = [sample for sample in samples if sample.stem not in gone]
    partners = pairs(samples, kind, seed)
    if len(partners) > most:
        rows = np.random.default_rng(seed).choice(len(partners), most, replace=False)
        partners = partners[np.sort(rows)]
    if not len(partners):
        return math.nan, math.nan, math.nan, 0
    values = _distances(run, metric, [(samples[one], samples[other]) for one, other in partners])
    usable = np.isfinite(values)
    clusters = pd.factorize(np.array([samples[one].prompt.id for one, _ in partners]))[0]
    return (*cluster_interval(values[usable], clusters[usable]), int(usable.sum()))


def _distances(run: Run, metric: PairMetric, partners: Sequence[tuple[Sample, Sample]]) -> Floats:
    parts = []
    for start in range(0, len(partners), batches.TILE):
        tile = partners[start : start + batches.TILE]
        left, right = (
            batches.batch(
                [run.load_image(pair[side])[0] for pair in tile],
                [pair[0].prompt.text for pair in tile],
            )
            for side in (0, 1)
        )
        parts.append(border.scores(metric, (left, right))[: len(tile)])
    distances: Floats = np.concatenate(parts)
    return distances


# --- the table ----------------------------------------------------------------------------------


def frame(
    runs: Sequence[Run], names: Sequence[str], plugins: Registry, *, most: int, seed: int
) -> pd.DataFrame:
    """The tidy table with the columns COLUMNS: for each undefended run its ceilings, then what is
    stored of the runs that are compared with it. Raises InputError.
    """
    undefended = [run for run in runs if run.spec.undefended]
    if not undefended:
        raise InputError(f"no run of {BASELINE} among these: its images are what a ceiling is of")
    paired = {run.folder: lookup.baseline_of(run) for run in runs}
    rows = []
    for baseline in undefended:
        others = [
            run
            for run in runs
            if run.folder != baseline.folder
            and (undefended_twin := paired[run.folder]) is not None
            and undefended_twin.spec.digest == baseline.spec.digest
        ]
        for item, metric in _measurements(baseline, names, plugins).values():
            rows += _rows(baseline, others, item, metric, most=most, seed=seed)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measurements(
    run: Run, names: Sequence[str], plugins: Registry
) -> dict[str, tuple[Definition, PairMetric]]:
    """The definitions of pairs asked for, or those that the model is judged by."""
    selected = plugins.select(names or models.judged_as(run.spec.model).definitions)
    of_pairs = {
        name: (item, metric)
        for name, (item, metric) in selected.items()
        if isinstance(metric, PairMetric)
    }
    if names and len(of_pairs) < len(selected):
        raise InputError(f"{min(set(selected) - set(of_pairs))} does not compare pairs of images")
    return of_pairs


def _rows(
    baseline: Run,
    others: Sequence[Run],
    item: Definition,
    metric: PairMetric,
    *,
    most: int,
    seed: int,
) -> list[dict[str, object]]:
    rows, ceiling = [], math.nan
    for kind in (PROMPT, NOISE):
        value, low, high, n = measure(baseline, metric, kind, most=most, seed=seed)
        single = "one image per prompt" if kind == NOISE else "one prompt"
        single = "images were discarded" if baseline.facts().discarded else single
        reason = "" if n else single if len(baseline.scores()) else "no scored images"
        ceiling = value if n else ceiling
        measured = Value(value=value, low=low, high=high, n=n, reason=reason)
        rows.append(_row(baseline, item, kind, measured))
    rows += [_row(run, item, PAIRED, Scored.of(run).value(item)) for run in others]
    return [row | {"share": 100 * float(row["value"]) / ceiling} for row in rows]


def _row(run: Run, item: Definition, kind: str, value: Value) -> dict[str, Any]:
    return {**about(run), "pairs": kind, "definition": item.name, **asdict(value)}


def page(tidy: pd.DataFrame) -> Page:
    """The ceilings as people read them."""
    note = (
        f"The ceiling is '{NOISE}', two images of one prompt, or where there is one image of each "
        f"only, '{PROMPT}'. n pairs, 95 % intervals over prompts."
    )
    return Page(
        title="Distances of pairs, and of unrelated images of the undefended model",
        header=["model and suite", "definition", "images", "pairs", "value", "of the ceiling"],
        rows=[_cells(row) for row in tidy.to_dict("records")],
        tidy=tidy,
        notes=[note],
    )


def _cells(row: Any) -> list[str]:
    value, low, high = (row[key] for key in INTERVAL)
    return [
        f"{row['model']}, {row['suite']}",
        str(row["definition"]),
        f"{row['method']}{cells.because(row['concepts'])}",
        str(row["pairs"]),
        cells.counted(value, low, high, row["n"], row["reason"], ".3f"),
        cells.DASH if math.isnan(value) else f"{row['share']:.0f} %",
    ]
