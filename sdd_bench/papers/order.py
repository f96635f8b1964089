"""Whether our rows come in the paper's order: what numbers of another model can be asked."""

from __future__ import annotations

import pandas as pd
from scipy.stats import spearmanr

from .published import Table

OTHER_MODEL = "not comparable: other model"
"""The verdict on a number of another model than the paper's."""

FEWEST = 3
"""Rows that have an order worth comparing."""


def sentence(table: Table, tidy: pd.DataFrame) -> str | None:
    """What the order of the rows says where the numbers don't compare; None where they do."""
    others = tidy[tidy["verdict"] == OTHER_MODEL]
    if others.empty:
        return None
    said = []
    for column in table.columns:
        rows = others[others["column"] == column.key].dropna(subset=["value", "published"])
        if len(set(rows["value"])) > 1 and len(rows) >= FEWEST:
            held = float(spearmanr(rows["value"], rows["published"]).statistic)
            said.append(f"{held:.2f} for {column.label} ({len(rows)} rows)")
    first = (
        f"Numbers of another model than {table.models[0]} do not compare with the "
        "published ones one by one, but the order of their rows may"
    )
    if not said:
        return f"{first}; it takes {FEWEST} rows with both numbers."
    return f"{first}: Spearman's rank correlation is {', '.join(said)}."
