"""Results as the evaluation results of a model card (`model-index`), as the hub shows them.

https://huggingface.co/docs/hub/model-cards#evaluation-results
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sdd_bench.errors import InputError, printable

from .rows import Row, by_method

if TYPE_CHECKING:
    import pandas as pd
    from huggingface_hub import EvalResult

TASK = "text-to-image"
"""The hub's name of the task."""

_OPEN = re.compile(r"\s*---[ \t]*(\r\n|\r|\n|\Z)")
"""The line that a metadata block begins with."""


def render(tidy: pd.DataFrame, card: str = "") -> str:
    """The card with an entry for each method of each model in its metadata block.

    The rest of it stays as it is, entries of others too. Values that could not be measured are left
    out: a card has no place for their reasons. Raises InputError for a block that is no metadata.
    """
    from huggingface_hub import RepoCard
    from yaml import YAMLError

    text = _with_block(card)
    try:
        made = RepoCard(text)
        before = made.data.get("model-index", [])
        names = [entry["name"] for entry in before]
    except (ValueError, TypeError, KeyError, YAMLError) as error:
        raise InputError(f"its metadata cannot be read ({error})") from error
    index = _index(tidy)
    ours = {entry["name"] for entry in index}
    others = [entry for entry, name in zip(before, names, strict=True) if name not in ours]
    made.data["model-index"] = [*others, *index]
    return str(made)


def _with_block(card: str) -> str:
    """The card, with a metadata block that the hub's library finds: it finds none that is empty or
    begins with a line that ends in spaces, and would write a second one before it.
    """
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    begins = _OPEN.match(card)
    if begins is None:
        return f"---\n\n---\n{card}"
    text = f"---{begins[1] * 2}{card[begins.end() :]}"
    if not REGEX_YAML_BLOCK.match(text):
        raise InputError("its metadata begins with a line --- and has no end")
    return text


def _index(tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """The entries of a card's `model-index`."""
    from huggingface_hub.repocard_data import eval_results_to_model_index

    return [
        entry
        for key, rows in by_method(tidy).items()
        for entry in eval_results_to_model_index(
            printable(", ".join(key)), [_result(row) for row in rows]
        )
    ]


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
