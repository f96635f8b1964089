"""From a run folder to what a baseline file holds of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sdd_bench.analysis.values import unscored
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.statistics import Z95
from sdd_bench.statistics.intervals import cluster_totals, standard_error
from sdd_bench.types import Definition

from .baseline import IMAGES, NOISE, PICTURES, UNSCORED, BaselineRun, Recorded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdd_bench.types import Floats

_PACKAGES = ("sdd-bench", "torch", "diffusers", "transformers", "onnxruntime", "numpy")
"""The packages whose versions a baseline keeps."""


def entry(run: Run, definitions: Sequence[Definition]) -> BaselineRun:
    """A run by these definitions, also where it has no value of one."""
    scores = run.scores()
    order, ids, bounds = by_prompt(scores)
    scores = scores.iloc[order]
    facts, sets = run.facts(), run.sets()
    clusters = np.repeat(np.arange(len(ids)), [end - start for start, end in bounds])
    columns = {IMAGES: [str(end - start) for start, end in bounds]} | _hashes(scores, bounds)
    recorded = {}
    for item in sorted(definitions, key=lambda item: item.name):
        if item.name in sets:
            recorded[item.name] = _of_set(item, sets[item.name])
        elif item.measure in scores:
            raw = scores[item.measure].to_numpy(dtype=np.float64)
            reason = unscored(raw, max(facts.images, len(raw)), scores["fault"])
            recorded[item.name] = _of_images(item, raw, clusters, reason)
            columns[item.name] = _cells(item, raw, bounds)
    spec = {"digest": run.spec.digest, **asdict(run.spec)}
    return BaselineRun(
        identity=json.loads(json.dumps(spec)),
        made_with={key: facts.provenance[key] for key in _PACKAGES if key in facts.provenance},
        recorded=recorded,
        prompts=pd.DataFrame(columns, index=pd.Index(ids, dtype="str"), dtype="object"),
    )


def by_prompt(
    scores: pd.DataFrame,
) -> tuple[NDArray[np.int64], list[str], list[tuple[int, int]]]:
    """The order of rows by prompt and k; the prompts in it, and where the rows of each begin and
    end.
    """
    order = np.lexsort((scores["k"], pd.factorize(scores["prompt_id"], sort=True)[0]))
    names = scores["prompt_id"].to_numpy(dtype=object)[order]
    ids, starts = np.unique(names, return_index=True)
    ends = np.append(starts[1:], len(scores))[: len(starts)]  # none of an empty table
    return order, ids.tolist(), list(zip(starts.tolist(), ends.tolist(), strict=True))


def pictures(scores: pd.DataFrame) -> dict[str, str]:
    """The hash of the pixels of each prompt's images, as a baseline has it."""
    order, ids, bounds = by_prompt(scores)
    return dict(zip(ids, _hashes(scores.iloc[order], bounds)[PICTURES], strict=True))


def _hashes(scores: pd.DataFrame, bounds: Sequence[tuple[int, int]]) -> dict[str, list[str]]:
    """The hashes per prompt of its images' noise and pixels; UNSCORED where one is unknown."""
    keys = ("k", "seed", "noise_hash", "image_hash")
    ks, seeds, noises, pictures = (scores[key].to_list() for key in keys)
    known = [bool(noise) for noise in noises]
    starts = [f"{k}:{s}:{n}" for k, s, n in zip(ks, seeds, noises, strict=True)]
    return {
        NOISE: [_hash(starts[a:b]) if all(known[a:b]) else UNSCORED for a, b in bounds],
        PICTURES: [_hash(pictures[a:b]) if all(pictures[a:b]) else UNSCORED for a, b in bounds],
    }


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:8]


def _of_set(item: Definition, stored: SetValue) -> Recorded:
    error = (stored.high - stored.low) / (2 * Z95)
    reference = stored.reference or "none"
    return _recorded(item, stored.value, error, stored.n, reason=stored.reason, reference=reference)


def _of_images(item: Definition, raw: Floats, clusters: NDArray[np.int64], reason: str) -> Recorded:
    scored = ~np.isnan(raw)
    if not scored.any():
        return _recorded(item, math.nan, math.nan, 0, reason=reason)
    values = raw[scored]
    if item.threshold is not None:
        values = np.where(item.counts(values), 100.0, 0.0)
    sums, sizes = cluster_totals(values, clusters[scored])
    error = standard_error(sums, sizes)
    return _recorded(item, float(values.mean()), error, len(values), reason=reason)


def _recorded(
    item: Definition, value: float, error: float, n: int, *, reason: str, reference: str = ""
) -> Recorded:
    return Recorded(
        measure=item.measure,
        threshold=item.threshold,
        inclusive=item.inclusive,
        better=item.better,
        tolerance=item.tolerance,
        value=_rounded(value),
        error=None if math.isnan(error) else _rounded(error),
        n=n,
        reason=reason,
        reference=reference,
    )


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _cells(item: Definition, raw: Floats, bounds: Sequence[tuple[int, int]]) -> list[str]:
    """What a definition says of each prompt's images."""
    missing = np.isnan(raw)
    if item.threshold is not None:
        signs = np.where(missing, UNSCORED, np.where(item.counts(raw), "1", "0"))
        text = "".join(signs.tolist())
        return [text[a:b] for a, b in bounds]
    if not bounds:
        return []
    starts = [a for a, _ in bounds]
    sums = np.add.reduceat(np.where(missing, 0.0, raw), starts).tolist()
    counts = np.add.reduceat(~missing, starts, dtype=np.int64).tolist()
    return [
        UNSCORED if not n else f"{total / n:.6g}" + ("" if n == b - a else f"/{n}")
        for total, n, (a, b) in zip(sums, counts, bounds, strict=True)
    ]
