"""The pictures of flipped images on the page of a gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench.reporting.gate import pictures
from sdd_bench.reporting.pictures import NO_ROOM
from sdd_bench.runs.lookup import find
from support.gate_pages import gated
from support.reporting import Page, plain

FLIPPED = [1, 2, 5]
"""Seeds of the pictures that flipped; those of now are 10 higher."""


def why(page: Page, side: int) -> list[str]:
    return list(page.report["runs"][side]["pictures"]["why"])


def test_before_and_now_are_the_pictures_of_these_images(tmp_path: Path) -> None:
    at = gated(tmp_path)
    _, page = at.page(before=at.before)
    assert [album["label"] for album in page.report["runs"]] == ["before", "now"]
    for row, seed in enumerate(FLIPPED):
        np.testing.assert_array_equal(page.picture(0, row), plain(seed))
        np.testing.assert_array_equal(page.picture(1, row), plain(seed + 10))
    assert page.report["notes"] == []
    assert page.report["thumbnails"].startswith("Pictures are at most 512 pixels")


def test_without_the_results_of_before_the_page_says_so(tmp_path: Path) -> None:
    _, page = gated(tmp_path).page()
    assert why(page, 0) == ["the baseline holds hashes only"] * 3
    assert why(page, 1) == [""] * 3
    (note,) = page.report["notes"]
    assert note.startswith("The picture of before is not there for 3 of 3 images: ")
    assert "--before FOLDER" in note


def test_a_picture_that_is_on_both_sides_is_there_once(tmp_path: Path) -> None:
    _, page = gated(tmp_path, shift=0).page()
    assert sum(map(len, page.blocks)) == 3
    before, now = (album["pictures"] for album in page.report["runs"])
    assert before == now


def test_pictures_that_are_not_there_have_a_reason(tmp_path: Path) -> None:
    at = gated(tmp_path)
    (run,) = find(at.results)
    first, second, third = (run.image_path(sample) for sample in run.samples()[1:6:2])
    first.unlink()
    second.unlink()
    third.write_bytes(third.read_bytes()[:100])
    _, page = at.page(before=at.before)
    assert why(page, 1)[0] == "missing"
    assert why(page, 1)[2] == "damaged"


def test_no_picture_is_read_that_is_not_wanted(tmp_path: Path) -> None:
    at = gated(tmp_path)
    _, page = at.page(before=at.before, images=False)
    assert (why(page, 0), why(page, 1)) == ([pictures.LEFT_OUT] * 3, [pictures.LEFT_OUT] * 3)
    assert (page.blocks, page.report["thumbnails"], page.report["notes"]) == ([], "", [])
    assert len(page.report["flips"]) == 3


def test_what_the_page_has_no_room_for_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST", 3)
    at = gated(tmp_path)
    _, page = at.page(before=at.before)
    assert why(page, 0) == ["", "", NO_ROOM]
    assert why(page, 1) == ["", NO_ROOM, NO_ROOM]
