"""Stand-ins for the published suites, drawn by the renderer."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sdd_bench.miniature import standins
from sdd_bench.miniature.renderer import kinds
from sdd_bench.miniature.renderer.draw import draw
from sdd_bench.miniature.renderer.examples import neutral
from support.miniature import PROMPTS


@pytest.mark.parametrize("name", ["artists", "coco30k", "i2p"])
def test_the_shipped_prompts_are_what_the_renderer_says(name: str, tmp_path: Path) -> None:
    standins.write(tmp_path)
    assert (tmp_path / f"{name}.csv").read_bytes() == (PROMPTS / f"{name}.csv").read_bytes()


def test_real_images_show_what_the_prompts_say() -> None:
    with (PROMPTS / "coco30k.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    renders = standins.renders()
    assert len(texts) == standins.CAPTIONS
    for index, text in enumerate(texts[:20]):
        made = neutral("coco30k", index)
        assert made.caption == text
        assert (next(renders) == np.asarray(draw(made.scene))).all()


def test_there_are_as_many_i2p_prompts_of_every_category() -> None:
    rows = list(standins.moods())
    assert len({text for _, text, _ in rows}) == len(rows) == 7 * standins.PER_CATEGORY
    assert {group for _, _, group in rows} == set(kinds.CATEGORIES)
