"""Pictures that may go, and what is said of those that are gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdd_bench.benchmark import discarding
from sdd_bench.runs import failures
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import Floats, Images
from support.runs import pngs
from support.scoring import make_run, random_image, samples, score, task
from support.toys import Brightness, Contrast, Means, Unlike


class Moody(Contrast):
    """Fails on one image until it doesn't."""

    fails = True

    def score(self, images: Images) -> Floats:
        if self.fails and any(np.array_equal(each, random_image(1)) for each in images.pixels):
            raise ValueError("not this one")
        return super().score(images)


def test_a_picture_that_a_metric_failed_on_stays_for_the_next_try(tmp_path: Path) -> None:
    run, moody = make_run(tmp_path, 4), Moody()
    with pytest.raises(Exception, match="not this one"):
        score(run, samples(4), Brightness(), moody)
    discarding.discard([task(run, 4, Brightness(), moody)])
    assert pngs(run.folder) == ["p001_0000.png"]
    moody.fails = False
    score(run, samples(4), Brightness(), moody)
    discarding.discard([task(run, 4, Brightness(), moody)])
    assert pngs(run.folder) == []
    values = [random_image(seed).std() for seed in range(4)]
    assert run.scores()["toy/contrast"].tolist() == pytest.approx(values)


class MoodyPairs(Unlike):
    """The same of pairs."""

    def compare(self, images: Images, baseline: Images) -> Floats:
        if any(np.array_equal(each, random_image(1)) for each in images.pixels):
            raise ValueError("not this pair")
        return super().compare(images, baseline)


def test_the_other_half_of_a_pair_that_failed_stays_too(tmp_path: Path) -> None:
    sd, run = make_run(tmp_path, 4, "sd"), make_run(tmp_path, 4)
    score(sd, samples(4), Brightness(), MoodyPairs(), baseline=sd)
    with pytest.raises(Exception, match="not this pair"):
        score(run, samples(4), Brightness(), MoodyPairs(), baseline=sd)
    discarding.discard(
        [task(each, 4, Brightness(), MoodyPairs(), baseline=sd) for each in (sd, run)]
    )
    assert pngs(sd.folder) == pngs(run.folder) == ["p001_0000.png"]
    score(run, samples(4), Unlike(), baseline=sd)
    assert run.scores()["toy/unlike"].notna().all()


def test_a_picture_that_nobody_has_judged_stays(tmp_path: Path) -> None:
    run = make_run(tmp_path, 4)
    score(run, samples(3), Brightness())
    discarding.discard([task(run, 4, Brightness())])
    assert pngs(run.folder) == ["p003_0000.png"]
    discarding.discard([task(run, 4, Contrast())])
    assert pngs(run.folder) == ["p003_0000.png"]


def test_a_black_picture_goes_and_stays_known_as_black(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    run.save_image(samples(3)[1], np.zeros((8, 8, 3), dtype=np.uint8))
    score(run, samples(3), Brightness())
    discarding.discard([task(run, 3, Brightness())])
    assert pngs(run.folder) == []
    assert score(run, samples(3), Brightness()) == []
    assert run.scores()["fault"].tolist() == ["", "black", ""]


def test_where_no_metric_has_a_look_the_hashes_are_taken_all_the_same(tmp_path: Path) -> None:
    sd = make_run(tmp_path, 2, "sd")
    score(sd, samples(2), Unlike(), baseline=sd, discards=True)
    discarding.discard([task(sd, 2, Unlike(), baseline=sd)])
    assert pngs(sd.folder) == []
    assert sd.scores()["noise_hash"].tolist() == ["0", "1"]
    assert sd.scores()["image_hash"].str.len().tolist() == [16, 16]


# --- sets -------------------------------------------------------------------------------------


def test_the_value_of_a_set_grows_with_pictures_that_are_gone(
    tmp_path: Path, reference: RealImages
) -> None:
    run, whole = make_run(tmp_path / "one", 60), make_run(tmp_path / "two", 90)
    score(whole, samples(90), Means(), reference=reference)
    score(run, samples(60), Means(), reference=reference, discards=True)
    discarding.discard([task(run, 60, Means(), reference=reference)])
    assert pngs(run.folder) == []
    for each in samples(90)[60:]:
        run.save_image(each, random_image(each.seed), str(each.seed))
    assert score(run, samples(90), Means(), reference=reference, discards=True) == [30]
    assert run.sets() == whole.sets()
    assert run.sets()["toy/means"].n == 90


def test_features_are_taken_of_a_set_that_has_its_value_before_its_pictures_go(
    tmp_path: Path, reference: RealImages
) -> None:
    run = make_run(tmp_path, 60)
    score(run, samples(60), Means(), reference=reference)
    before = run.sets()
    discarding.discard([task(run, 60, Means(), reference=reference)])
    assert len(pngs(run.folder)) == 60
    assert score(run, samples(60), Means(), reference=reference, discards=True) == [60]
    discarding.discard([task(run, 60, Means(), reference=reference)])
    assert pngs(run.folder) == []
    assert run.sets() == before
    assert score(run, samples(60), Means(), reference=reference, discards=True) == []


def test_a_value_that_cannot_be_had_of_more_images_is_kept_and_says_of_how_many(
    tmp_path: Path, reference: RealImages
) -> None:
    run = make_run(tmp_path, 60)
    score(run, samples(60), Brightness(), Means(), reference=reference)
    value = run.sets()["toy/means"]
    discarding.discard([task(run, 60, Brightness())])
    assert pngs(run.folder) == []
    for each in samples(90)[60:]:
        run.save_image(each, random_image(each.seed), str(each.seed))
    for _ in range(2):
        with pytest.raises(Exception, match="were discarded on purpose") as caught:
            score(run, samples(90), Brightness(), Means(), reference=reference, discards=True)
        assert caught.value.exit_code == 2  # type: ignore[attr-defined]
        known = run.sets()["toy/means"]
        assert known == replace(value, reason="of 60 of 90 images: images were discarded")
        assert run.scores()["toy/brightness"].notna().sum() == 90


def test_a_set_metric_that_comes_too_late_says_why(tmp_path: Path, reference: RealImages) -> None:
    run = make_run(tmp_path, 60)
    score(run, samples(60), Brightness())
    discarding.discard([task(run, 60, Brightness())])
    with pytest.raises(Exception, match="were discarded on purpose"):
        score(run, samples(60), Means(), reference=reference)
    assert failures.read(run.folder)["toy/means"].reason == "images were discarded"
    assert run.sets() == {}


# --- pairs ------------------------------------------------------------------------------------


def test_known_pairs_stay_where_the_baseline_is_gone_and_new_ones_are_scored(
    tmp_path: Path,
) -> None:
    sd, run = make_run(tmp_path, 3, "sd"), make_run(tmp_path, 3)
    score(sd, samples(3), Brightness())
    score(run, samples(3), Unlike(), baseline=sd)
    known = run.scores()["toy/unlike"].tolist()
    discarding.discard([task(sd, 3, Brightness())])
    for each in samples(5)[3:]:
        run.save_image(each, random_image(each.seed), str(each.seed))
        sd.save_image(each, random_image(each.seed + 1000), str(each.seed))
    # Another metric sees all five: what is known of the first three is not lost by that.
    score(run, samples(5), Brightness(), Unlike(), baseline=sd)
    unlike = run.scores()["toy/unlike"].tolist()
    assert unlike[:3] == known
    right = [
        np.abs(random_image(seed).astype(float) - random_image(seed + 1000)).mean()
        for seed in (3, 4)
    ]
    assert unlike[3:] == pytest.approx(right)


def test_a_pair_that_came_too_late_is_a_gap_with_its_reason(tmp_path: Path) -> None:
    sd, run = make_run(tmp_path, 2, "sd"), make_run(tmp_path, 2)
    score(sd, samples(2), Brightness())
    discarding.discard([task(sd, 2, Brightness())])
    for each in samples(3)[2:]:
        run.save_image(each, random_image(each.seed), str(each.seed))
        sd.save_image(each, random_image(each.seed + 1000), str(each.seed))
    score(run, samples(3), Unlike(), baseline=sd, discards=True)
    assert run.scores()["toy/unlike"].notna().tolist() == [False, False, True]
    assert failures.read(run.folder)["toy/unlike"].reason == "the images of sd were discarded"
    discarding.discard([task(run, 3, Unlike(), baseline=sd)])
    assert pngs(run.folder) == []
    assert score(run, samples(3), Unlike(), baseline=sd, discards=True) == []
    assert failures.read(run.folder)["toy/unlike"].reason == "the images of sd were discarded"
