"""Requests that make what a table lacks, and nothing twice."""

from __future__ import annotations

from pathlib import Path

from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import reproduction
from sdd_bench.papers.published import Table
from support.papers import base, needed, states


def test_methods_of_one_suite_run_together_and_the_baseline_first(
    table: Table, tmp_path: Path
) -> None:
    todo = reproduction.requests(states(table, tmp_path))
    assert [(r.suites, r.methods, r.concepts) for r in todo] == [
        (("country_body",), ("sd", "sd-neg", "sld-medium", "sld-max", "sega"), ("nudity, sexual",)),
        (("coco30k",), ("sd", "sd-neg", "sld-medium", "sld-max", "sega"), ("nudity, sexual",)),
        (("country_body",), ("esd-u-3", "esd-x-3", "sdd"), ("nudity",)),
        (("coco30k",), ("esd-u-3", "esd-x-3", "sdd"), ("nudity",)),
    ]
    assert todo[1].metrics == ("fid/miniature", "lpips/miniature", "clip/miniature")


def test_what_is_stored_is_not_asked_for_again(table: Table, tmp_path: Path) -> None:
    for need in paper_needs.needs_of(table, base(tmp_path)):
        if need.row.label != "SEGA" or need.suite != "coco30k":
            needed(need)
    (todo,) = reproduction.requests(states(table, tmp_path))
    assert (todo.methods, todo.suites) == (("sega",), ("coco30k",))
