"""Results in the layout of lm-evaluation-harness: a file for each model, a task for each suite.

The harness writes `FOLDER/<model>/results_<time>.json`; here the name has no time in it, so that
equal results are equal files.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from sdd_bench.errors import printable

from .rows import Row, by_method

if TYPE_CHECKING:
    import pandas as pd

FILTER = "none"
"""The harness's name of no filter: a metric's key is `metric,filter`."""

LONGEST = 200
"""Bytes of a folder's name: with a digest behind it there is still room for it on every disk."""

STDERR = "half the width of the 95 % interval over prompts / 1.96"


def render(tidy: pd.DataFrame) -> dict[str, str]:
    """The content of each file, by the folder and name that the harness would give it. Where two
    would be the same, the digest of a run tells them apart.
    """
    rows_of = by_method(tidy)
    alike = Counter(_folder(key).casefold() for key in rows_of)  # one folder on many disks
    made = {}
    for key, rows in rows_of.items():
        name = _folder(key)
        if alike[name.casefold()] > 1:
            name = f"{name}-{rows[0]['digest']}"
        made[f"{name}/results.json"] = _file(key, rows)
    return made


def _folder(key: tuple[str, str]) -> str:
    name = "__".join(re.sub(r"[^\w.-]+", "-", part).strip(".-") for part in key if part)
    return name.encode()[:LONGEST].decode(errors="ignore")


def _file(key: tuple[str, str], rows: Sequence[Row]) -> str:
    name = printable(", ".join(key))
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(printable(str(row["suite"])), []).append(row)
    content = {
        "results": {task: _task(task, of) for task, of in tasks.items()},
        "configs": {
            task: {"task": task, "metadata": {"run": of[0]["digest"], "stderr": STDERR}}
            for task, of in tasks.items()
        },
        "versions": dict.fromkeys(tasks, 1),
        "n-shot": dict.fromkeys(tasks, 0),
        "higher_is_better": {
            task: {str(row["definition"]): row["better"] == "higher" for row in of}
            for task, of in tasks.items()
        },
        "n-samples": {task: _samples(of) for task, of in tasks.items()},
        "config": {"model": "sdd-bench", "model_args": name},
        "model_name": name,
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _task(task: str, rows: Sequence[Row]) -> dict[str, object]:
    values: dict[str, object] = {"alias": task}
    for row in rows:
        name = printable(str(row["definition"]))
        values[f"{name},{FILTER}"] = float(row["value"])
        values[f"{name}_stderr,{FILTER}"] = _stderr(row)
    return values


def _stderr(row: Row) -> float | str:
    """The harness's way to say how sure a value is; its word where nobody knows."""
    width = float(row["high"]) - float(row["low"])
    return "N/A" if math.isnan(width) else width / 2 / NormalDist().inv_cdf(0.975)


def _samples(rows: Sequence[Row]) -> dict[str, int]:
    most = max(int(row["n"]) for row in rows)
    return {"original": most, "effective": most}
