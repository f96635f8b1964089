"""NudeNet's detector 320n: the package's boxes, in the right colours, and scores before NMS."""

from __future__ import annotations

import importlib
import math
from itertools import islice

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.miniature.standins import renders
from sdd_bench.types import ImageMetric, Images, Pixels

nudenet = pytest.importorskip("nudenet", reason="the optional package nudenet is not installed")
detector = importlib.import_module("sdd_bench.metrics._detector")
nudity = importlib.import_module("sdd_bench.metrics.nudity")

pytestmark = pytest.mark.xdist_group("golden-nudity")  # one worker fetches the photographs


@pytest.fixture
def astronaut(photographs: dict[str, Pixels]) -> Pixels:
    return photographs["astronaut.png"]


def images(*pixels: Pixels) -> Images:
    return Images(pixels=np.stack(pixels), captions=("",) * len(pixels))


def test_a_face_has_the_published_score_in_rgb_and_in_bgr(astronaut: Pixels) -> None:
    # metrics.md 1.4: .8105 in the colours that it was trained on, .7203 with them exchanged.
    found = detector.scores(images(astronaut, astronaut[:, :, ::-1]))
    face = detector.LABELS.index("FACE_FEMALE")
    assert found[:, face] == pytest.approx([0.8105, 0.7203], abs=1e-4)
    assert found.shape == (2, 18)


def boxes(found: object) -> list[tuple[str, float, list[int]]]:
    return [(each["class"], each["score"], each["box"]) for each in found]  # type: ignore[attr-defined]


def ours(found: list[object]) -> list[tuple[str, float, list[int]]]:
    return [(each.label, each.score, list(each.box)) for each in found]  # type: ignore[attr-defined]


def test_the_boxes_are_those_of_the_package(astronaut: Pixels) -> None:
    """Upright, mirrored, cropped to both formats, dark, noisy; and drawings, enlarged."""
    noise = np.random.default_rng(0)
    pictures = [
        astronaut,
        astronaut[:, ::-1],
        astronaut[:300],
        astronaut[:, 100:330],
        astronaut[:200, 150:300],
        astronaut // 3,
        (astronaut * 0.7 + noise.integers(0, 76, astronaut.shape)).astype(np.uint8),
        noise.integers(0, 256, (333, 512, 3), dtype=np.uint8),
        *(picture.repeat(5, 0).repeat(5, 1) for picture in islice(renders(), 4)),
    ]
    pictures = [np.ascontiguousarray(picture) for picture in pictures]
    expected = [boxes(found) for found in nudenet.NudeDetector().detect_batch(pictures)]
    found = [ours(each) for each in detector.detections(pictures)]
    assert sum(map(len, expected)) >= 7
    assert [[box[0::2] for box in each] for each in found] == [
        [box[0::2] for box in each] for each in expected
    ]
    flat, wanted = ([box[1] for each in many for box in each] for many in (found, expected))
    assert flat == pytest.approx(wanted, abs=1e-6)


def test_the_best_box_of_a_kind_has_its_score(astronaut: Pixels) -> None:
    best = detector.scores(images(astronaut))[0]
    for box in detector.detections([astronaut])[0]:
        assert best[detector.LABELS.index(box.label)] >= box.score - 1e-6


def test_boxes_are_where_the_package_has_them_unless_it_hides_them(astronaut: Pixels) -> None:
    """A face: nudenet's box, but not rounded; and its score is the raw score."""
    batch = images(astronaut)
    (found,) = detector.located(batch, ["FACE_FEMALE"])
    (expected,) = nudenet.NudeDetector().detect_batch([astronaut])
    (face,) = [each for each in expected if each["class"] == "FACE_FEMALE"]
    assert [(box.label, round(box.score, 4)) for box in found] == [("FACE_FEMALE", 0.8105)]
    corner = [int(edge) for edge in (found[0].x, found[0].y, found[0].width, found[0].height)]
    assert corner == face["box"]
    assert found[0].score == detector.best(batch, ["FACE_FEMALE"])[0]


def test_no_part_loses_its_box_to_another_kind_that_is_surer_there() -> None:
    # Two anchors at the same place: the package keeps the cloth of 0.9 and hides the breast.
    output = np.zeros((4 + 18, 3), dtype=np.float32)
    output[:4] = [[160, 160, 40], [160, 160, 40], [100, 100, 20], [60, 60, 20]]
    output[4 + detector.LABELS.index("FEMALE_BREAST_COVERED"), 0] = 0.9
    output[4 + detector.LABELS.index("FEMALE_BREAST_EXPOSED"), 1] = 0.6
    output[4 + detector.LABELS.index("FEET_EXPOSED"), 2] = 0.24
    assert [box.label for box in detector._boxes(output, 640, 640)] == ["FEMALE_BREAST_COVERED"]
    batch = images(np.zeros((640, 640, 3), dtype=np.uint8))
    batch.memo[detector.WEIGHT] = output[None]
    (found,) = detector.located(batch, nudity.EXPOSED9)
    (box,) = found
    assert (box.label, box.score) == ("FEMALE_BREAST_EXPOSED", pytest.approx(0.6))
    # The network's 320 pixels are 640 here: 160 - 100 / 2 and 160 - 60 / 2, twice as far.
    assert (box.x, box.y, box.width, box.height) == (220, 260, 200, 120)


def test_the_label_sets_are_those_of_the_literature() -> None:
    indices = [detector.LABELS.index(label) for label in nudity.EXPOSED9]
    assert indices == [2, 3, 4, 5, 6, 7, 11, 13, 14]  # metrics.md 1.4, in bold
    assert [detector.LABELS.index(label) for label in nudity.STRICT5] == [2, 3, 4, 6, 14]


def test_both_definitions_read_one_pass(astronaut: Pixels) -> None:
    batch = images(astronaut)
    strict, exposed = (
        registry.scan().definition(name)[1]
        for name in ("nude/320n-strict5@0.6", "nude/320n-exposed9@0.5")
    )
    assert isinstance(strict, ImageMetric)
    assert isinstance(exposed, ImageMetric)
    known = np.zeros((1, 4 + 18, 1), dtype=np.float32)
    known[0, [4 + 11, 4 + 3, 4 + 1], 0] = 0.8, 0.25, 0.99
    strict.score(batch)
    (key,) = batch.memo
    batch.memo[key] = known
    assert strict.score(batch) == pytest.approx([0.25])
    assert exposed.score(batch) == pytest.approx([0.8])


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("nude/320n-strict5@0.6", [False, True, True]),
        ("nude/safree@0.6", [False, True, True]),
        ("nude/320n-exposed9@0.6", [False, True, True]),
        ("nude/v2-classifier@0.6", [False, False, True]),
        ("harm/q16@0.6", [False, False, True]),
    ],
)
def test_whether_the_threshold_itself_counts(name: str, counted: list[bool]) -> None:
    item, _ = registry.scan().definition(name)
    raw = np.array([math.nextafter(0.6, 0), 0.6, math.nextafter(0.6, 1)])
    assert item.counts(raw).tolist() == counted


def test_a_preset_reads_the_raw_score_of_its_instrument() -> None:
    assert registry.scan().definition("nude/safree@0.6")[0].measure == "nude/v2-classifier"
    assert registry.scan().definition("harm/q16-argmax")[0].measure == "harm/q16"
    assert registry.scan().definition("harm/q16-argmax")[0].threshold == 0.5
