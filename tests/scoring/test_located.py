"""Boxes that come with scores."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from sdd_bench.benchmark import discarding
from sdd_bench.errors import IncompleteError
from sdd_bench.runs import boxes, changes
from sdd_bench.runs.boxes import Seen
from sdd_bench.runs.images import hash_of
from sdd_bench.runs.run import Run
from sdd_bench.scoring.batches import TILE
from sdd_bench.types import Box, Floats, Images
from support.paths import ROOT
from support.runs import pngs
from support.scoring import make_run, random_image, samples, score, task
from support.toys import Brightness, Spotter, spot

MEASURE = "toy/spotter"


def seen(run: Run) -> dict[str, Seen]:
    return dict(boxes.read(run.folder, run.spec.digest).get(MEASURE, {}))


def expected(*seeds: int) -> dict[str, Seen]:
    """What Spotter has to see in `random_image`s."""
    pictures = {f"p{seed:03d}_0000": random_image(seed) for seed in seeds}
    return {name: Seen(hash_of(each), (spot(each),)) for name, each in pictures.items()}


def test_what_was_seen_in_each_image_is_stored_beside_its_score(tmp_path: Path) -> None:
    run = make_run(tmp_path, TILE + 3)
    score(run, samples(TILE + 3), Spotter())
    assert seen(run) == expected(*range(TILE + 3))


def test_an_image_that_is_no_picture_has_no_boxes(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    run.save_image(samples(3)[1], np.zeros((8, 8, 3), dtype=np.uint8))
    score(run, samples(3), Spotter())
    assert seen(run) == expected(0, 2)


def test_nothing_is_looked_at_twice(tmp_path: Path) -> None:
    run, spotter = make_run(tmp_path, 3), Spotter()
    score(run, samples(3), spotter)
    assert score(run, samples(3), spotter, Brightness()) == [3]
    assert spotter.asked == 1


def test_boxes_that_a_former_version_did_not_store_or_that_got_lost_are_made(
    tmp_path: Path,
) -> None:
    run, spotter = make_run(tmp_path, 3), Spotter()
    score(run, samples(3), spotter)
    before = run.scores()
    (run.folder / boxes.NAME).unlink()
    assert score(run, samples(3), spotter) == [3]
    assert seen(run) == expected(0, 1, 2)
    assert run.scores().equals(before)
    assert score(run, samples(3), spotter) == []


def test_a_new_picture_gets_new_boxes(tmp_path: Path) -> None:
    run = make_run(tmp_path, 2)
    score(run, samples(2), Spotter())
    run.save_image(samples(2)[0], random_image(7), "0")
    changes.forget_changed(run, samples(2))
    score(run, samples(2), Spotter())
    (other,) = expected(7).values()
    assert seen(run) == {**expected(1), "p000_0000": other}


def test_boxes_stay_when_pictures_go_and_are_not_asked_for_without_them(tmp_path: Path) -> None:
    run, spotter = make_run(tmp_path, 3), Spotter()
    score(run, samples(3), spotter)
    discarding.discard([task(run, 3, spotter)])
    assert pngs(run.folder) == []
    assert seen(run) == expected(0, 1, 2)
    (run.folder / boxes.NAME).unlink()
    assert score(run, samples(3), spotter) == []


def test_a_picture_whose_boxes_are_lost_stays(tmp_path: Path) -> None:
    run = make_run(tmp_path, 2)
    score(run, samples(2), Spotter())
    boxes.write(run.folder, {MEASURE: expected(1)}, run.spec.digest)
    discarding.discard([task(run, 2, Spotter())])
    assert pngs(run.folder) == ["p000_0000.png"]


@dataclass
class Saying(Spotter):
    """Anything instead of boxes."""

    answer: object = None

    def boxes(self, images: Images) -> list[list[Box]]:
        return self.answer  # type: ignore[return-value]


def a_box(**changes: object) -> list[list[object]]:
    known: dict[str, object] = {"label": "x", "score": 1, "x": 0, "y": 0, "width": 1, "height": 1}
    return [[Box(**known | changes)]] * TILE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "raised TypeError"),
        ([[]], "Saying.boxes gave 1 lists of boxes: 50 are expected"),
        ([["here"]] * TILE, "Saying.boxes gave 'here': a Box"),
        (a_box(label=""), "a Box with a label"),
        (a_box(label=7), "a Box with a label"),
        (a_box(x=float("nan")), "four finite numbers"),
        (a_box(score=None), "and a score is expected"),
        (a_box(height=-1), "not below 0"),
    ],
)
def test_where_there_are_no_right_boxes_there_is_no_score(
    tmp_path: Path, answer: object, said: str
) -> None:
    run = make_run(tmp_path, 1)
    with pytest.raises(IncompleteError) as raised:
        score(run, samples(1), Saying(answer=answer), Brightness())
    assert said in str(raised.value)
    assert seen(run) == {}
    assert run.measures() == {"toy/brightness"}


def test_the_detector_of_the_manual_sees_what_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", page.partition("\n## A metric\n")[2], re.DOTALL)
    (tmp_path / "reddest.py").write_text("\n".join(example[:2]), encoding="utf-8")
    spec = spec_from_file_location("reddest", tmp_path / "reddest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    run, picture = make_run(tmp_path, 1), np.full((8, 8, 3), 50, dtype=np.uint8)
    picture[2, 5] = 255, 0, 0
    run.save_image(samples(1)[0], picture, "0")
    score(run, samples(1), module.Reddest())
    (found,) = boxes.read(run.folder, run.spec.digest)["red/mean"].values()
    assert found.boxes == (Box(label="RED", score=1, x=5, y=2, width=1, height=1),)


class Unsure(Spotter):
    """Cannot measure the first image."""

    def score(self, images: Images) -> Floats:
        values = super().score(images)
        values[0] = np.nan
        return values


def test_an_image_that_could_not_be_measured_was_not_looked_at(tmp_path: Path) -> None:
    run = make_run(tmp_path, 2)
    score(run, samples(2), Unsure())
    assert seen(run) == expected(1)
