"""Needs of a table: which runs it asks for, and what is there of them."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers.published import Table
from sdd_bench.runs import failures
from sdd_bench.runs.failures import Failures
from sdd_bench.runs.run import SetValue
from support.papers import base, needed, states


def test_a_table_needs_every_method_on_every_suite(table: Table, tmp_path: Path) -> None:
    found = states(table, tmp_path)
    assert [(s.need.row.label, s.need.suite) for s in found[:3]] == [
        ("SD", "country_body"),
        ("SD", "coco30k"),
        ("SD+NEG", "country_body"),
    ]
    assert len(found) == 8 * 2
    assert {s.missing for s in found} == {4}
    assert not any(s.complete for s in found)


def test_a_need_on_the_miniature_has_its_own_numbers_of_images(
    table: Table, tmp_path: Path
) -> None:
    found = states(table, tmp_path, limit=None, images_per_prompt=None)
    assert [s.missing for s in found[:2]] == [500, 500]


def test_a_preview_costs_a_tenth(table: Table, tmp_path: Path) -> None:
    whole = base(tmp_path, limit=None, images_per_prompt=None)
    needs = paper_needs.needs_of(table, whole, preview=True)
    # Fewer images of each of the 50 countries; fewer captions where each has but one.
    assert [len(need.stems()) for need in needs[:2]] == [50, 50]
    assert len({stem[:-5] for stem in needs[0].stems()}) == 50


def test_a_lost_image_and_a_lost_score_are_noticed(table: Table, tmp_path: Path) -> None:
    need = paper_needs.needs_of(table, base(tmp_path))[1]
    run = needed(need)
    assert states(table, tmp_path)[1].complete
    next((run.folder / "images").glob("*.png")).unlink()
    assert states(table, tmp_path)[1].missing == 1
    shutil.rmtree(run.folder / "images")
    assert states(table, tmp_path)[1].missing == 4
    run = needed(need)
    run.write_scores(run.scores().drop(columns="clip/miniature"))
    state = states(table, tmp_path)[1]
    assert (state.missing, state.complete) == (0, False)
    run = needed(need)
    run.write_sets({"fid/miniature": SetValue(value=20.0, low=19.0, high=21.0, n=3)})
    assert not states(table, tmp_path)[1].complete


def test_images_that_were_never_looked_at_are_unscored(table: Table, tmp_path: Path) -> None:
    need = paper_needs.needs_of(table, base(tmp_path))[1]
    run = needed(need)
    scores = run.scores()
    scores.loc[1, "clip/miniature"] = math.nan  # seen, and what the metric could not measure
    run.write_scores(scores)
    assert states(table, tmp_path)[1].complete
    run.write_scores(scores.assign(image_hash=["", "seen", "seen", "seen"]))
    assert states(table, tmp_path)[1].unscored
    run.write_scores(scores)
    failed = Failures(images={"a_0000": "it raised ValueError"})
    failures.change(run.folder, (), {"clip/miniature": failed})
    assert states(table, tmp_path)[1].unscored
