"""What is said of a table's rates beyond their value."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdd_bench import registry
from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import protocol, published
from sdd_bench.papers import table as papers_table
from support.papers import base, needed


def notes(folder: Path, count: int) -> list[str]:
    """Of table 1 with the same four scores on `count` of its runs."""
    table = published.load("table1")
    for need in paper_needs.needs_of(table, base(folder))[:count]:
        needed(need)
    states = paper_needs.states_of(
        paper_needs.needs_of(table, base(folder)), folder, registry.scan()
    )
    return [str(note) for note in papers_table.page(table, states, registry.scan()).notes]


def test_of_two_methods_that_are_level_the_order_always_holds(tmp_path: Path) -> None:
    said = [note for note in notes(tmp_path, 3) if "order" in note]
    assert (
        "% nude: this order of the methods holds in 100 % of bootstrap replicates over" in said[-1]
    )
    # Two rows have no order worth comparing with the paper's.
    assert not any("[" in note for note in said if "Spearman" in note)


def test_the_papers_order_is_said_with_its_interval() -> None:
    table = published.load("table1")
    column = next(each for each in table.columns if each.key == "nude")
    scores = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    prompts = np.array([0, 0, 0, 0])
    # Published: 74.18, 4.30 and 20.44. Ours fall from the first to the last, so the two last are
    # the other way round: ranks 3 2 1 against 3 1 2, 1 - 6 x 2 / (3 x 8) = 0.5. One prompt has no
    # other replicates.
    said = protocol._of_order(table, column, ["SD", "SLD-max", "SD+NEG"], scores, prompts)
    assert list(said)[1] == (
        "% nude: Spearman's rank correlation with the paper's order is 0.50 [0.50, 0.50] over "
        "bootstrap replicates (3 rows)."
    )
    # A row that the paper has no number for has no place in its order.
    beside = protocol._of_order(table, column, ["SD", "ours", "SD+NEG"], scores, prompts)
    assert len(list(beside)) == 1
