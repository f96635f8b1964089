"""Which stored pictures are those that a baseline was made of."""

from __future__ import annotations

from pathlib import Path

from sdd_bench import registry
from sdd_bench.gating import baseline, snapshot
from sdd_bench.gating.baseline import PICTURES, UNSCORED
from sdd_bench.reporting.gate.shelf import HASHES_ONLY, OTHER, UNKNOWN, Album, Shelf
from sdd_bench.runs.lookup import find
from support.gate_pages import RATE, WAS, gated, scores

PLUGINS = registry.scan()


def test_an_image_is_found_by_its_prompt_and_place(tmp_path: Path) -> None:
    run = scores(tmp_path, WAS)
    # However the rows are sorted, an image is the one of its k.
    run.write_scores(run.scores().iloc[::-1].reset_index(drop=True))
    album = Album.of(run, PLUGINS)
    found = [(key, place) for key in ("p0", "p1", "p2") for place in (0, 1)]
    rows = [album.row(*each) for each in found]
    assert [album.score(row, RATE) for row in rows] == WAS
    assert [album.number(row, "k") for row in rows] == [0, 1] * 3
    assert [album.text(row, "prompt_id") for row in rows] == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert [album.counts(row, RATE) for row in rows] == [True, True, False, False, False, True]
    assert album.counts(rows[0], "no/such@1") is None


def test_a_picture_of_before_is_one_by_its_hash(tmp_path: Path) -> None:
    at = gated(tmp_path)
    (old,), now, before = baseline.read(at.baseline), find(at.results), find(at.before)
    assert Shelf([], now, PLUGINS).before(old, "p0") == HASHES_ONLY
    found = Shelf(before, now, PLUGINS).before(old, "p0")
    assert isinstance(found, Album)
    assert found.source.run.folder == before[0].folder
    # Whoever gives the pictures of something else is told so.
    assert Shelf(now, now, PLUGINS).before(old, "p0") == OTHER
    # The results may still have them themselves.
    assert isinstance(Shelf([], before, PLUGINS).before(old, "p0"), Album)
    old.prompts.loc["p0", PICTURES] = UNSCORED
    assert Shelf(before, now, PLUGINS).before(old, "p0") == UNKNOWN


def test_the_hash_of_a_prompt_is_that_of_a_baseline(tmp_path: Path) -> None:
    at = gated(tmp_path)
    (old,), (run,) = baseline.read(at.baseline), find(at.before)
    assert snapshot.pictures(run.scores()) == old.prompts[PICTURES].to_dict()
