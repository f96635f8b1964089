"""Small pictures: as good as their number allows."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdd_bench import registry
from sdd_bench.reporting import pictures
from sdd_bench.reporting.content import Source
from sdd_bench.reporting.gallery import Gallery, there
from sdd_bench.reporting.pictures import SCALES, Blocks, Scale, columns, shrink
from sdd_bench.runs.lookup import find
from sdd_bench.types import Pixels, Prompt, Sample
from support.runs import made_up, run_spec, score_rows


def noise(count: int, side: int) -> list[Pixels]:
    """Pictures that nothing compresses."""
    rng = np.random.default_rng(0)
    return [rng.integers(256, size=(side, side, 3), dtype=np.uint8) for _ in range(count)]


def galleries(root: Path, pixels: list[Pixels]) -> list[Gallery]:
    """One run of these pictures."""
    asked = [
        Sample(suite="body", prompt=Prompt(id=f"p{at}", text="t"), k=0, seed=at)
        for at in range(len(pixels))
    ]
    made_up(
        root,
        run_spec(),
        pictures=[(sample, each, "") for sample, each in zip(asked, pixels, strict=True)],
        scores=score_rows("sd", asked),
    )
    (run,) = find(root)
    return [Gallery.of(Source.of(run, registry.scan()), masked=False)]


def test_few_small_pictures_lose_nothing(tmp_path: Path) -> None:
    found = galleries(tmp_path, noise(3, 64))
    shown = shrink(found, there(found), 10_000_000)
    assert shown.scale == SCALES[0]
    for (_, row), kept in shown.places.items():
        data = base64.b64decode(shown.blocks.full[kept.block][kept.index])
        np.testing.assert_array_equal(
            np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), noise(3, 64)[row]
        )


def test_a_picture_keeps_its_shape_and_is_not_enlarged() -> None:
    wide, tiny = Image.new("RGB", (512, 256)), Image.new("RGB", (48, 64))
    sizes = [Image.open(io.BytesIO(Scale(128, 40).small(each))).size for each in (wide, tiny)]
    assert sizes == [(128, 64), (48, 64)]
    assert wide.size == (512, 256)  # whoever asked still has it


def test_pictures_never_need_more_room_than_there_is(tmp_path: Path) -> None:
    found = galleries(tmp_path, noise(40, 96))
    for budget in (4_000_000, 400_000, 100_000, 70_000):
        shown = shrink(found, there(found), budget)
        assert shown.blocks.size <= budget
        assert len(shown.places) == 40


def test_more_room_gives_better_pictures(tmp_path: Path) -> None:
    found = galleries(tmp_path, noise(40, 96))
    chosen = [
        SCALES.index(shrink(found, there(found), budget).scale)
        for budget in (70_000, 250_000, 400_000, 4_000_000)
    ]
    assert chosen == sorted(chosen, reverse=True)
    assert len(set(chosen)) == 4


def test_pictures_that_were_not_tried_out_may_be_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One plain picture is tried out, and all the others are noise.
    monkeypatch.setattr(pictures, "PROBES", 1)
    found = galleries(tmp_path, [np.zeros((96, 96, 3), np.uint8), *noise(39, 96)])
    shown = shrink(found, there(found), 70_000)
    assert shown.scale != SCALES[0]
    assert shown.blocks.size <= 70_000
    assert len(shown.places) == 40


def test_what_has_no_room_at_all_is_named(tmp_path: Path) -> None:
    found = galleries(tmp_path, noise(40, 96))
    shown = shrink(found, there(found), 40_000)
    assert shown.blocks.size <= 40_000
    assert 0 < len(shown.places) < 40
    assert set(shown.failed.values()) == {"beyond what the page can hold"}
    assert len(shown.places) + len(shown.failed) == 40


def test_blocks_are_full_before_there_is_a_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "BLOCK", 2)
    blocks = Blocks()
    added = [blocks.add(bytes([at]), b"") for at in range(3)]
    assert [(each.block, each.index) for each in added if each] == [(0, 0), (0, 1), (1, 0)]
    assert blocks.full == [["AA==", "AQ=="], ["Ag=="]]


def test_until_it_is_asked_for_there_is_nothing_of_a_picture_but_eight_pixels_of_colour() -> None:
    # Half of it grey, so that 4 of 8 columns are, and stripes of one pixel, which average to grey.
    pixels = np.full((64, 128, 3), 100, np.uint8)
    pixels[:, 64::2], pixels[:, 65::2] = 255, 1
    blurred = Image.open(io.BytesIO(pictures.blur(Image.fromarray(pixels)))).convert("L")
    assert blurred.size == (8, 4)
    levels = np.asarray(blurred).astype(int)
    assert np.abs(levels[:, :2] - 100).max() < 8
    assert np.abs(levels[:, 6:] - 128).max() < 8


def test_a_very_narrow_picture_has_a_blurred_copy_too() -> None:
    copy = Image.open(io.BytesIO(pictures.blur(Image.new("RGB", (512, 3)))))
    assert copy.size == (8, 1)


def test_the_page_holds_a_blurred_copy_of_each_picture_that_it_shows(tmp_path: Path) -> None:
    found = galleries(tmp_path, noise(2, 64))
    shown = shrink(found, there(found), 10_000_000)
    held = columns([shown.places[0, 1], "discarded", shown.places[0, 0]])
    assert (held.block, held.index) == ([0, -1, 0], [1, -1, 0])
    assert held.why == ["", "discarded", ""]
    assert held.blurred[1] == ""
    copies = [Image.open(io.BytesIO(base64.b64decode(held.blurred[at]))) for at in (0, 2)]
    assert [each.size for each in copies] == [(8, 8), (8, 8)]


def test_scales_go_from_good_to_small() -> None:
    sizes = [len(scale.small(Image.fromarray(noise(1, 512)[0]))) for scale in SCALES]
    assert sizes == sorted(sizes, reverse=True)
