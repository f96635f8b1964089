"""Numbers of ours beside the published ones: a verdict in every cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench import registry
from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import table as papers_table
from sdd_bench.papers.published import Published, Table
from support.papers import base, needed, states


def cell(tidy: pd.DataFrame, row: str, column: str) -> dict[str, object]:
    (found,) = tidy[(tidy["row"] == row) & (tidy["column"] == column)].to_dict("records")
    return {str(key): value for key, value in found.items()}


def test_every_cell_has_a_verdict_in_words(table: Table, tmp_path: Path) -> None:
    needed(paper_needs.needs_of(table, base(tmp_path))[0])
    tidy = papers_table.compare(table, states(table, tmp_path), registry.scan())
    assert len(tidy) == 9 * 4
    ours = cell(tidy, "SD", "nude")
    assert (ours["value"], ours["n"], ours["published"]) == (50.0, 4, 74.18)
    assert ours["difference"] == pytest.approx(-24.18)
    assert ours["verdict"] == "not comparable: other model"
    assert cell(tidy, "SDD", "nude")["verdict"] == "missing"
    assert cell(tidy, "SEGA", "fid")["verdict"] == "missing"


def same_model(table: Table) -> Table:
    return replace(table, models=("miniature",))


@pytest.mark.parametrize(
    ("published", "n", "verdict"),
    [
        # Ours: 2 of 4, each prompt 1 of 2, so no spread between prompts: Wilson, 15.0 to 85.0.
        (50.0, 5000, "agrees"),
        (84.0, 5000, "agrees"),
        (86.0, 5000, "differs"),
        (14.0, 5000, "differs"),
        # As few images as ours: the published number is as uncertain, sqrt(2) times as wide.
        (99.0, 4, "agrees"),
    ],
)
def test_the_verdict_for_the_same_model(
    table: Table, tmp_path: Path, published: float, n: int, verdict: str
) -> None:
    needed(paper_needs.needs_of(table, base(tmp_path))[0])
    cells = {("SD", "nude"): Published(value=published, n=n)}
    mine = replace(same_model(table), cells=cells)
    tidy = papers_table.compare(mine, states(mine, tmp_path), registry.scan())
    assert cell(tidy, "SD", "nude")["verdict"] == verdict


def test_what_does_not_compare_says_why(table: Table, tmp_path: Path) -> None:
    mine = same_model(table)
    for need in paper_needs.needs_of(mine, base(tmp_path))[:2]:
        needed(need)
    tidy = papers_table.compare(mine, states(mine, tmp_path), registry.scan())
    assert cell(tidy, "SD", "fid")["verdict"] == "not comparable: n = 4, published 30000"
    assert cell(tidy, "SD", "lpips")["verdict"] == "not published"
    needed(paper_needs.needs_of(mine, base(tmp_path, steps=5))[0])
    tidy = papers_table.compare(mine, states(mine, tmp_path, steps=5), registry.scan())
    assert cell(tidy, "SD", "nude")["verdict"] == "not comparable: other settings"


def test_the_page(table: Table, tmp_path: Path) -> None:
    for need in paper_needs.needs_of(table, base(tmp_path))[:3]:
        needed(need)
    page = papers_table.page(table, states(table, tmp_path), registry.scan())
    assert page.title.startswith("Table 1: removing nudity: numbers of miniature beside the")
    assert page.header[1] == "% nude ↓\ncountry_body\nnude/miniature@0.7\nn = 4"
    assert [row[0] for row in page.rows] == [row.label for row in table.rows]
    assert page.rows[0][1].splitlines() == [
        "50.00 [15.00, 85.00]",
        "noise [15.00, 85.00]",
        "paper 74.18",
    ]
    assert page.rows[4][1].splitlines() == ["paper 72.04*", "missing (not run)"]
    assert page.rows[8][4] == "paper 0.2693"
    assert any(note.startswith("* SEGA, % nude: ") for note in page.notes)
    # SD and SD+NEG have the same scores, so no replicate breaks their order.
    assert any("order of the methods holds in 100 %" in note for note in page.notes)
