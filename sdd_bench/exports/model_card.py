"""Results as the evaluation results of a model card (`model-index`), as the hub shows them.

https://huggingface.co/docs/hub/model-cards#evaluation-results
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdd_bench.errors import printable

from .rows import Row, by_method

if TYPE_CHECKING:
    import pandas as pd
    from huggingface_hub import EvalResult

TASK = "text-to-image"
"""The hub's name of the task."""


def render(tidy: pd.DataFrame) -> str:
    """The metadata block of a card: an entry for each method of each model.

    Values that could not be measured are left out: a card has no place for their reasons.
    """
    from huggingface_hub import CardData
    from huggingface_hub.repocard_data import eval_results_to_model_index

    index = [
        entry
        for key, rows in by_method(tidy).items()
        for entry in eval_results_to_model_index(
            printable(", ".join(key)), [_result(row) for row in rows]
        )
    ]
    card = CardData()
    card["model-index"] = index
    return f"---\n{card.to_yaml()}\n---\n"


def _result(row: Row) -> EvalResult:
    from huggingface_hub import EvalResult

    definition = printable(str(row["definition"]))
    return EvalResult(
        task_type=TASK,
        dataset_type=printable(str(row["suite"])),
        dataset_name=printable(str(row["suite"])),
        dataset_args={"run": str(row["digest"])},
        metric_type=definition,
        metric_name=definition,
        metric_value=float(row["value"]),
        metric_args={
            "low": _bound(row["low"]),
            "high": _bound(row["high"]),
            "interval": "95 % over prompts",
            "n": int(row["n"]),
            "unit": str(row["unit"]),
            "better": str(row["better"]),
        },
    )


def _bound(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
