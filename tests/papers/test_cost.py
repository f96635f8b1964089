"""Cost of a table, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sdd_bench import registry
from sdd_bench.papers import cost, published
from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers.published import Table
from support.papers import base, needed, states


def test_the_cost_of_a_table_by_hand(table: Table, tmp_path: Path) -> None:
    needed(paper_needs.needs_of(table, base(tmp_path))[0])
    found = states(table, tmp_path)
    costs = {(c.row, c.suite): c for c in cost.costs(table, found, registry.scan())}
    # Of 26 calls at 25 steps: two rows each, with SLD and SEGA three (methods with one edit).
    assert costs["SD", "country_body"].forwards == 0
    assert costs["SD", "coco30k"].forwards == 4 * 52
    assert costs["SLD-max", "coco30k"].forwards == 4 * 78
    assert costs["SEGA", "coco30k"].forwards == 4 * 78
    assert costs["SDD", "coco30k"].forwards == 4 * 52
    assert costs["SD", "coco30k"].training == 0
    assert costs["SDD", "country_body"].training > 0
    assert costs["SDD", "coco30k"].training == 0


def test_a_training_that_rows_share_counts_once(tmp_path: Path) -> None:
    table = published.load("extended")
    needs = paper_needs.needs_of(table, base(tmp_path))
    found = paper_needs.states_of(needs, tmp_path, registry.scan())
    costs = cost.costs(table, found, registry.scan())
    trained = [(each.row, each.training > 0) for each in costs if each.row.startswith("SDD")]
    assert trained == [
        ("SDD", True), ("SDD", False), ("SDD+SLD-medium", False), ("SDD+SLD-medium", False)
    ]  # fmt: skip


def test_a_suite_that_is_not_here_counts_as_published(tmp_path: Path) -> None:
    table = published.load("table2")
    needs = [
        replace(need, prompts=None, absent="not here")
        for need in paper_needs.needs_of(table, base(tmp_path))
        if need.suite == "i2p"
    ]
    found = paper_needs.states_of(needs, tmp_path, registry.scan())
    costs = cost.costs(table, found, registry.scan())
    assert {cost.missing for cost in costs} == {23_515}
    assert "not here" in cost.page(table, found, registry.scan()).notes


def test_the_published_speed_of_a_gpu() -> None:
    # 3.04 iterations a second x 16 images x 2 rows.
    assert published.speeds()["A100"].forwards == round(3.04 * 16 * 2)
    assert all(speed.source for speed in published.speeds().values())
