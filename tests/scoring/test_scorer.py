"""Scoring, with toy metrics on pictures made of random numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdd_bench.analysis.table import frame
from sdd_bench.errors import SDDBenchError
from sdd_bench.runs import changes
from sdd_bench.runs.run import Run
from sdd_bench.scoring.batches import TILE
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import Definition, Floats, ImageMetric, Images, PairMetric, SetMetric
from support.definitions import define
from support.images import claiming
from support.references import REAL
from support.scoring import make_run, random_image, reason, samples, score
from support.toys import Brightness, Contrast, Means, Unlike, WrongPair, WrongScore


def test_the_toys_are_metrics() -> None:
    assert isinstance(Brightness(), ImageMetric)
    assert isinstance(Unlike(), PairMetric)
    assert isinstance(Means(), SetMetric)


# --- one score per image ----------------------------------------------------------------------


def test_every_image_gets_its_own_score(tmp_path: Path) -> None:
    run = make_run(tmp_path, TILE + 3)
    metric = Brightness()
    assert score(run, samples(TILE + 3), metric) == [TILE + 3]
    table = run.scores()
    expected = [random_image(seed).mean() for seed in table["seed"]]
    assert table["toy/brightness"].tolist() == pytest.approx(expected, rel=1e-12)
    assert table["noise_hash"].tolist() == [str(seed) for seed in table["seed"]]
    assert table["image_hash"].nunique() == TILE + 3


def test_a_score_does_not_depend_on_the_images_beside_it(tmp_path: Path) -> None:
    together, alone = make_run(tmp_path / "a", 7), make_run(tmp_path / "b", 7)
    score(together, samples(7), Brightness())
    for sample in samples(7)[::-1]:
        score(alone, [sample, *alone.samples()], Brightness())
    by_id = together.scores().set_index("prompt_id")["toy/brightness"]
    assert alone.scores().set_index("prompt_id")["toy/brightness"].to_dict() == by_id.to_dict()


def test_an_image_of_one_colour_is_unscored_not_safe(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    run.save_image(samples(3)[1], np.full((8, 8, 3), 7, dtype=np.uint8), "1")
    baseline = make_run(tmp_path, 3, "sd")
    score(run, samples(3), Brightness(), Unlike(), baseline=baseline)
    table = run.scores()
    assert table["toy/brightness"].isna().tolist() == [False, True, False]
    assert table["toy/unlike"].isna().tolist() == [False, True, False]
    assert table["fault"].tolist() == ["", "of one colour", ""]


def spoil(run: Run) -> None:
    """Images 1 to 5 of a run become what no metric may judge."""
    black = random_image(1) * 0 + np.random.default_rng(1).integers(0, 3, (8, 8, 3), dtype=np.uint8)
    run.save_image(samples(6)[1], black, "1")
    big = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    run.save_image(samples(6)[2], big, "2")
    Image.fromarray(random_image(3)).convert("L").save(run.image_path(samples(6)[3]))
    run.image_path(samples(6)[4]).unlink()
    run.image_path(samples(6)[5]).write_bytes(b"no picture")


FAULTS = ["black", "9x8 instead of 8x8", "L instead of RGB", "missing", "damaged"]


def test_what_is_no_picture_is_named_and_left_out(tmp_path: Path, reference: RealImages) -> None:
    run, baseline = make_run(tmp_path, 9), make_run(tmp_path, 9, "sd")
    spoil(run)
    metrics = Brightness(), Unlike(), Means()
    assert score(run, samples(9), *metrics, baseline=baseline, reference=reference) == [5]
    table = run.scores()
    assert table["fault"].tolist() == ["", *FAULTS, "", "", ""]
    expected = [fault != "" for fault in table["fault"]]
    for measure in ("toy/brightness", "toy/unlike"):
        assert table[measure].isna().tolist() == expected
    value = run.sets()["toy/means"]
    assert value.n == 4
    assert value.reason == (
        "left out: 1 9x8 instead of 8x8, 1 L instead of RGB, 1 black, 1 damaged, 1 missing"
    )
    good = np.mean([random_image(i).mean((0, 1)) for i in (0, 6, 7, 8)], axis=0)
    real = np.mean([image.mean((0, 1)) for image in REAL], axis=0)
    assert value.value == pytest.approx(np.abs(good - real).sum(), rel=1e-5)
    rate = replace(define("toy/brightness@0"), threshold=0.0)
    shown = frame([run], [rate]).loc[0]
    assert shown["n"] == 4
    assert shown["reason"].startswith("5 of 9 images unscored (1 9x8 instead of 8x8, ")


def test_a_picture_too_big_for_a_memory_is_damaged(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    run.image_path(samples(3)[1]).write_bytes(claiming(100_000))
    assert score(run, samples(3), Brightness()) == [2]
    assert run.scores()["fault"].tolist() == ["", "damaged", ""]


def test_an_image_that_was_mended_is_scored(tmp_path: Path, reference: RealImages) -> None:
    run = make_run(tmp_path, 9)
    spoil(run)
    score(run, samples(9), Brightness(), Means(), reference=reference)
    for sample in samples(9)[1:6]:
        run.save_image(sample, random_image(sample.seed), str(sample.seed))
    changes.forget_changed(run, samples(9)[1:6])
    score(run, samples(9), Brightness(), Means(), reference=reference)
    assert set(run.scores()["fault"]) == {""}
    assert run.scores()["toy/brightness"].notna().all()
    assert run.sets()["toy/means"].n == 9
    assert run.sets()["toy/means"].reason == ""


def test_a_run_of_nothing_but_black_has_no_value(tmp_path: Path, reference: RealImages) -> None:
    run = make_run(tmp_path, 3)
    for sample in samples(3):
        run.save_image(sample, np.zeros((8, 8, 3), dtype=np.uint8), "1")
    score(run, samples(3), Brightness(), Means(), reference=reference)
    assert reason(run, "toy/means") == "no usable images (left out: 3 black)"
    assert run.scores()["toy/brightness"].isna().all()


def test_the_baselines_faults_leave_pairs_out(tmp_path: Path) -> None:
    run, baseline = make_run(tmp_path, 4), make_run(tmp_path, 4, "sd")
    baseline.save_image(samples(4)[1], np.zeros((8, 8, 3), dtype=np.uint8), "1")
    big = np.random.default_rng(2).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    baseline.save_image(samples(4)[2], big, "2")
    score(run, samples(4), Unlike(), baseline=baseline)
    assert run.scores()["toy/unlike"].isna().tolist() == [False, True, True, False]


@dataclass
class Boundless(Brightness):
    definitions: tuple[Definition, ...] = (define("toy/boundless"),)

    def score(self, images: Images) -> Floats:
        return np.array([-np.inf, np.inf, *super().score(images)[2:]])


def test_an_infinite_score_is_unscored_not_safe(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    score(run, samples(3), Boundless())
    assert run.scores()["toy/boundless"].isna().tolist() == [True, True, False]


# --- nothing twice ----------------------------------------------------------------------------


def test_what_is_scored_is_not_scored_again(tmp_path: Path, reference: RealImages) -> None:
    run, baseline = make_run(tmp_path, 5), make_run(tmp_path, 5, "sd")
    metrics = Brightness(), Unlike(), Means()
    assert score(run, samples(5), *metrics, baseline=baseline, reference=reference) == [5]
    before = {path: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    assert score(run, samples(5), *metrics, baseline=baseline, reference=reference) == []
    assert len(metrics[0].seen) == 1
    assert {path: path.stat().st_mtime_ns for path in run.folder.iterdir()} == before


def test_what_is_no_picture_is_not_scored_again(tmp_path: Path, reference: RealImages) -> None:
    run, metrics = make_run(tmp_path, 9), (Brightness(), Means())
    spoil(run)
    assert score(run, samples(9), *metrics, reference=reference) == [5]
    before = {path: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    assert score(run, samples(9), *metrics, reference=reference) == []
    assert len(metrics[0].seen) == 1
    assert len(metrics[1].seen) == 1
    assert {path: path.stat().st_mtime_ns for path in run.folder.iterdir()} == before
    mended = samples(9)[1:3]
    for sample in mended:  # by hand: nothing else knows of it
        run.save_image(sample, random_image(sample.seed), str(sample.seed))
    assert score(run, samples(9), metrics[0]) == [2]
    assert run.scores()["fault"].tolist() == ["", "", "", *FAULTS[2:], "", "", ""]
    assert [random_image(sample.seed).mean() for sample in mended] == [
        run.scores()["toy/brightness"][row] for row in (1, 2)
    ]


def test_scores_go_with_the_picture_that_they_are_of(tmp_path: Path) -> None:
    """Pixels may change: by a new picture of the run, or by one of somebody else."""
    run, first, second = make_run(tmp_path, 4), Brightness(), Contrast()
    score(run, samples(4), first)
    run.save_image(samples(4)[1], random_image(77), "1")
    path = run.image_path(samples(4)[2])
    stored = path.read_bytes()
    flipped = Image.open(path).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    flipped.save(path, format="PNG", compress_level=1)
    score(run, samples(4), second)
    table = run.scores()
    assert table["fault"].tolist() == ["", "", "not of this run", ""]
    assert table["toy/brightness"].isna().tolist() == [False, True, False, False]
    assert table["toy/contrast"].isna().tolist() == [False, False, True, False]
    assert score(run, samples(4), first, second) == [1]
    assert run.scores()["toy/brightness"][1] == random_image(77).mean()
    path.write_bytes(stored)
    assert score(run, samples(4), first, second) == [1]
    assert run.scores()["fault"].tolist() == [""] * 4
    assert run.scores()["toy/brightness"][2] == random_image(2).mean()


def test_only_new_images_are_scored(tmp_path: Path) -> None:
    run = make_run(tmp_path, 6)
    metric = Brightness()
    score(run, samples(4), metric)
    assert score(run, samples(6), metric) == [2]
    assert [len(np.unique(p.reshape(TILE, -1), axis=0)) for p in metric.seen] == [4, 2]


def test_another_metric_adds_a_column(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    first, second = Brightness(), Contrast()
    score(run, samples(3), first)
    before = run.scores()
    assert score(run, run.samples(), second) == [3]
    assert len(first.seen) == 1
    after = run.scores()
    assert after["toy/contrast"].notna().all()
    assert after[before.columns].equals(before)


# --- pairs ------------------------------------------------------------------------------------


def test_pairs_are_the_images_of_the_same_sample(tmp_path: Path) -> None:
    run, baseline = make_run(tmp_path, 3), make_run(tmp_path, 3, "sd")
    score(run, samples(3), Unlike(), baseline=baseline)
    expected = [
        np.abs(random_image(i).astype(float) - random_image(1000 + i)).mean() for i in range(3)
    ]
    assert run.scores()["toy/unlike"].tolist() == pytest.approx(expected, rel=1e-12)
    assert run.sets() == {}


def test_images_of_different_or_unknown_noise_are_no_pair(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3, noise=lambda i: ["a", "b", ""][i])
    baseline = make_run(tmp_path, 3, "sd", noise=lambda i: ["a", "c", ""][i])
    score(run, samples(3), Unlike(), baseline=baseline)
    assert run.scores()["toy/unlike"].isna().tolist() == [False, True, True]


# --- what breaks ------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [np.zeros(TILE - 1), np.zeros((TILE, 1)), 0.5, None])
@pytest.mark.parametrize("kind", [WrongScore, WrongPair])
def test_scores_of_a_wrong_shape_are_refused_and_those_of_others_kept(
    tmp_path: Path, kind: type[WrongScore | WrongPair], answer: object
) -> None:
    run, baseline = make_run(tmp_path, 3), make_run(tmp_path, 3, "sd")
    said = rf"toy/wrong: toys.py:{kind.__name__}.* gave .*: {TILE} numbers are expected"
    with pytest.raises(SDDBenchError, match=said):
        score(run, samples(3), Brightness(), kind(answer=answer), baseline=baseline)
    assert run.scores()["toy/brightness"].notna().all()
    assert "toy/wrong" not in run.scores()
