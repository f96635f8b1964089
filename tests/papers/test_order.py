"""What numbers of another model can be asked: the order of their rows."""

from __future__ import annotations

import pandas as pd

from sdd_bench.papers import order, published
from sdd_bench.papers.order import OTHER_MODEL


def tidy(ours: list[float], theirs: list[float], verdict: str = OTHER_MODEL) -> pd.DataFrame:
    return pd.DataFrame({"column": "nude", "value": ours, "published": theirs, "verdict": verdict})


def test_the_order_is_held_against_the_published_one() -> None:
    table = published.load("table1")
    # Ranks 1 2 3 4 and 1 2 4 3: 1 - 6 x (1 + 1) / (4 x (16 - 1)) = 0.8.
    said = order.sentence(table, tidy([10.0, 20.0, 40.0, 30.0], [1.0, 2.0, 3.0, 4.0]))
    assert said is not None
    assert "another model than sd-v1-4 do not compare" in said
    assert said.endswith("Spearman's rank correlation is 0.80 for % nude (4 rows).")


def test_two_rows_or_equal_ones_have_no_order() -> None:
    table = published.load("table1")
    for ours in ([10.0, 20.0], [5.0, 5.0, 5.0]):
        said = order.sentence(table, tidy(ours, [1.0, 2.0, 3.0][: len(ours)]))
        assert said is not None
        assert said.endswith("it takes 3 rows with both numbers.")


def test_nothing_is_said_where_the_numbers_compare() -> None:
    table = published.load("table1")
    assert order.sentence(table, tidy([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "agrees")) is None
