"""Black boxes: whoever has the page cannot look behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import sdd_bench as sb
from sdd_bench.reporting.masks import Mask
from sdd_bench.runs import changes
from sdd_bench.runs.boxes import Seen
from sdd_bench.runs.run import Run
from sdd_bench.types import Box
from support.reporting import illustrated
from support.reporting import read as page_of

BOX = Box(label="FEMALE_BREAST_EXPOSED", score=0.9, x=4.5, y=8, width=3, height=2)


def detect(run: Run, seen: dict[str, list[Box]], measure: str = "nude/toy") -> None:
    """Store what a detector has seen."""
    known = run.known()
    found = {stem: Seen(known[stem].pixels, tuple(boxes)) for stem, boxes in seen.items()}
    changes.boxes(run, {measure: found})


def white(side: int = 16) -> Image.Image:
    return Image.new("RGB", (side, side), "white")


def test_a_box_is_black_up_to_the_last_pixel_that_it_touches() -> None:
    drawn = np.asarray(Mask({"nude/toy": {"a": (BOX,)}}).drawn("a", white()))
    black = np.argwhere((drawn == 0).all(axis=2))
    # From 4.5 to 7.5 across are the pixels 4 to 7, from 8 to 10 down the pixels 8 and 9.
    assert {tuple(map(int, at)) for at in black} == {(y, x) for y in (8, 9) for x in (4, 5, 6, 7)}


def test_boxes_beyond_the_border_cover_what_is_inside() -> None:
    wide = Box(label="x", score=1, x=-5, y=-5, width=100, height=8)
    drawn = np.asarray(Mask({"nude/toy": {"a": (wide,)}}).drawn("a", white()))
    assert not drawn[:3].any()
    assert drawn[3:].all()


def test_a_picture_in_which_nothing_was_seen_is_shown() -> None:
    assert np.asarray(Mask({"nude/toy": {"a": ()}}).drawn("a", white())).all()


def test_a_picture_that_no_detector_looked_at_is_black() -> None:
    assert not np.asarray(Mask({"nude/toy": {"b": (BOX,)}}).drawn("a", white())).any()
    assert not np.asarray(Mask({}).drawn("a", white())).any()


def test_all_detectors_count() -> None:
    other = Box(label="y", score=0.2, x=0, y=0, width=1, height=1)
    drawn = np.asarray(Mask({"one": {"a": (BOX,)}, "two": {"a": (other,)}}).drawn("a", white()))
    assert not drawn[8, 4].any()
    assert not drawn[0, 0].any()


def test_masks_are_part_of_the_pictures_in_the_page(tmp_path: Path) -> None:
    run = illustrated(tmp_path / "r", "sd", {"nude/miniature": [0.9, 0.1]})
    detect(run, {"p0_0000": [BOX]})
    page = page_of(sb.report(results=tmp_path / "r", out=tmp_path / "p.html", mask="boxes"))
    first, second = (np.asarray(page.picture(0, row)) for row in range(2))
    assert not first[8:10, 4:8].any()
    assert first[0].any()
    assert not second.any()
    (shown,) = page.report["runs"]
    assert (
        "No detector's boxes are stored of 1 of its pictures, so they are black altogether."
        in shown["warnings"]
    )
    assert page.report["options"]["mask"] == "boxes"
    assert shown["parts"]["nude/toy"] == [[["FEMALE_BREAST_EXPOSED", 0.9]], None]


def test_without_a_mask_nothing_is_hidden(tmp_path: Path) -> None:
    run = illustrated(tmp_path / "r", "sd", {"nude/miniature": [0.9, 0.1]})
    detect(run, {"p0_0000": [BOX]})
    page = page_of(sb.report(results=tmp_path / "r", out=tmp_path / "p.html"))
    assert np.asarray(page.picture(0, 0))[8:10, 4:8].any()
    assert page.report["runs"][0]["parts"]["nude/toy"][0][0] == ["FEMALE_BREAST_EXPOSED", 0.9]


def test_boxes_in_another_picture_of_that_name_are_none(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.1]})
    detect(run, {"p0_0000": [BOX], "p0_0001": [BOX]})
    scores = run.scores()
    assert Mask.of(run, scores).seen("p0_0000") == [BOX]
    scores["image_hash"] = ["another", ""]
    assert Mask.of(run, scores).seen("p0_0000") is None
    assert Mask.of(run, scores).seen("p0_0001") is None
