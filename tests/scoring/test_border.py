"""What metrics may do to a run, to one another and to themselves."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from sdd_bench.analysis.values import Scored
from sdd_bench.errors import IncompleteError, MissingError
from sdd_bench.progress import watch
from sdd_bench.runs import failures
from sdd_bench.scoring import border
from sdd_bench.scoring.batches import TILE
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import Definition, Features, Floats, Images
from support.definitions import define
from support.scoring import make_run, random_image, samples, score
from support.toys import Brightness, Means, Unlike


@dataclass
class Failing:
    """Zeros; `does` something with each batch before."""

    does: Callable[[Images], object]
    definitions: tuple[Definition, ...] = (define("toy/failing"),)
    asked: list[int] = field(default_factory=list)

    def score(self, images: Images) -> Floats:
        self.asked.append(len(images.pixels))
        self.does(images)
        return np.zeros(len(images.pixels))


def picky(*texts: str) -> Callable[[Images], None]:
    """Raises on a batch with one of these captions."""

    def does(images: Images) -> None:
        if set(texts) & set(images.captions):
            raise RuntimeError("cannot\n judge this one")

    return does


def overwrite(images: Images) -> None:
    images.pixels[...] = 0
    images.memo["mine"] = np.zeros(1, dtype=np.float32)


# --- what they are given ----------------------------------------------------------------------


def test_a_metric_that_writes_on_what_it_is_given_changes_no_other(
    tmp_path: Path, reference: RealImages
) -> None:
    run, baseline = make_run(tmp_path, 3), make_run(tmp_path, 3, "sd")
    others = Brightness(), Unlike(), Means()
    score(run, samples(3), Failing(overwrite), *others, baseline=baseline, reference=reference)
    table = run.scores()
    assert table["toy/brightness"].tolist() == [random_image(i).mean() for i in range(3)]
    differences = [random_image(i).astype(float) - random_image(1000 + i) for i in range(3)]
    assert table["toy/unlike"].tolist() == pytest.approx([np.abs(d).mean() for d in differences])
    undisturbed = make_run(tmp_path / "other", 3)
    score(undisturbed, samples(3), Means(), reference=reference)
    assert run.sets()["toy/means"] == undisturbed.sets()["toy/means"]
    assert [len(picture) for picture in others[0].seen] == [TILE]


def test_a_metric_of_ours_cannot_write_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failing, "__module__", "sdd_bench.metrics.failing")
    run = make_run(tmp_path, 1)
    with pytest.raises(IncompleteError, match=r"Failing.score raised ValueError: assignment desti"):
        score(run, samples(1), Failing(overwrite), Brightness())
    assert run.scores()["toy/brightness"].tolist() == [random_image(0).mean()]


def test_a_metric_that_sets_something_for_the_whole_process_sets_it_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def unsettle(images: Images) -> None:
        torch.set_default_dtype(torch.float64)
        np.seterr(all="raise")
        os.chdir("/")

    before = np.geterr()
    score(make_run(tmp_path, 1), samples(1), Failing(unsettle))
    assert torch.get_default_dtype() == torch.float32
    assert np.geterr() == before
    assert Path.cwd() == tmp_path


# --- what they give ---------------------------------------------------------------------------


@dataclass
class Giving:
    answer: object
    definitions: tuple[Definition, ...] = (define("toy/giving"),)

    def score(self, images: Images) -> Floats:
        return self.answer  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (np.array(["x"] * TILE), "<U1 of shape (50,)"),
        (np.zeros(TILE, dtype=complex), "complex128 of shape (50,)"),
        (np.array([None] * TILE), "object of shape (50,)"),
        (np.zeros((TILE, 1)), "float64 of shape (50, 1)"),
        (np.zeros(3), "float64 of shape (3,)"),
        (0.5, "a single float"),
        (None, "None"),
    ],
)
def test_what_is_no_score_of_each_image_is_refused_by_name(
    tmp_path: Path, answer: object, said: str
) -> None:
    run = make_run(tmp_path, 3)
    with pytest.raises(IncompleteError) as caught:
        score(run, samples(3), Giving(answer), Brightness())
    assert str(caught.value) == (
        f"sd-neg on toy: toy/giving: test_border.py:Giving.score gave {said}: 50 numbers are "
        "expected, one for each image"
    )
    assert run.scores()["toy/brightness"].notna().all()
    assert "toy/giving" not in run.scores()


@pytest.mark.parametrize("answer", [[0.25] * TILE, np.full(TILE, 0.25, dtype=np.float16)])
def test_scores_may_be_any_numbers(tmp_path: Path, answer: object) -> None:
    run = make_run(tmp_path, 2)
    score(run, samples(2), Giving(answer))
    assert run.scores()["toy/giving"].tolist() == [0.25, 0.25]


def test_a_masked_score_is_none(tmp_path: Path) -> None:
    run = make_run(tmp_path, 2)
    masked = np.ma.MaskedArray(np.arange(TILE), mask=[False, True] * (TILE // 2))
    score(run, samples(2), Giving(masked))
    assert run.scores()["toy/giving"].isna().tolist() == [False, True]


# --- what they raise --------------------------------------------------------------------------


def test_an_image_that_a_metric_cannot_judge_is_unscored_and_all_else_is_done(
    tmp_path: Path,
) -> None:
    count = TILE + 10
    run, metric = make_run(tmp_path, count), Failing(picky("text 7", "text 58"))
    with pytest.raises(IncompleteError) as caught:
        score(run, samples(count), metric, Brightness())
    assert caught.value.exit_code == 4
    assert str(caught.value) == (
        "sd-neg on toy: toy/failing: 2 images unscored, test_border.py:Failing.score raised "
        "RuntimeError: cannot judge this one on p007_0000"
    )
    table = run.scores()
    assert np.flatnonzero(table["toy/failing"].isna()).tolist() == [7, 58]
    assert table["toy/brightness"].notna().all()
    assert set(metric.asked) == {TILE}
    # Halves: by hand 1 + 2 * 6 calls at most for one image among 50, and for one among 10 + 2 * 4.
    assert len(metric.asked) <= 13 + 9
    value = Scored.of(run).value(metric.definitions[0])
    assert value.n == count - 2
    assert value.reason == (
        "2 of 60 images unscored (test_border.py:Failing.score raised RuntimeError: cannot judge "
        "this one on p007_0000)"
    )


def test_the_next_call_tries_the_image_again(tmp_path: Path) -> None:
    run = make_run(tmp_path, 4)
    for _ in range(2):
        metric = Failing(picky("text 2"))
        with pytest.raises(IncompleteError, match="p002_0000"):
            score(run, samples(4), metric)
    assert (run.folder / "failures.json").exists()
    assert score(run, samples(4), Failing(picky())) == [1]
    assert run.scores()["toy/failing"].notna().all()
    assert failures.read(run.folder) == {}
    assert not (run.folder / "failures.json").exists()


def test_ten_failures_in_a_row_stop_a_metric_for_this_call(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3 * TILE)
    metric = Failing(picky(*(f"text {i}" for i in range(3 * TILE))))
    with pytest.raises(IncompleteError, match="on p009_0000, as on the 9 images before"):
        score(run, samples(3 * TILE), metric, Brightness())
    assert len(metric.asked) < TILE
    assert run.scores()["toy/brightness"].notna().all()
    assert "toy/failing" not in run.scores()
    assert len(failures.read(run.folder)["toy/failing"].images) == border.PATIENCE


def test_failures_that_are_not_in_a_row_stop_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path, TILE)
    every_second = Failing(picky(*(f"text {i}" for i in range(0, TILE, 2))))
    with pytest.raises(IncompleteError, match="25 images unscored"):
        score(run, samples(TILE), every_second)
    assert run.scores()["toy/failing"].notna().sum() == TILE // 2


def leave(images: Images) -> None:
    sys.exit(0)


def cancel(images: Images) -> None:
    raise GeneratorExit


@pytest.mark.parametrize(
    ("does", "said"), [(leave, "called sys.exit"), (cancel, "raised GeneratorExit")]
)
def test_a_metric_ends_no_run(tmp_path: Path, does: Callable[[Images], None], said: str) -> None:
    run = make_run(tmp_path, 1)
    with pytest.raises(IncompleteError, match=rf"Failing.score {said} on p000_0000"):
        score(run, samples(1), Failing(does), Brightness())
    assert run.scores()["toy/brightness"].notna().all()


def test_an_interrupt_is_no_failure(tmp_path: Path) -> None:
    def interrupt(images: Images) -> None:
        raise KeyboardInterrupt

    run = make_run(tmp_path, 1)
    with pytest.raises(KeyboardInterrupt):
        score(run, samples(1), Failing(interrupt))


def test_weights_that_are_missing_leave_no_column_and_keep_their_exit_code(tmp_path: Path) -> None:
    def lack(images: Images) -> None:
        raise MissingError("no weights here")

    run, metric = make_run(tmp_path, 3), Failing(lack)
    with pytest.raises(IncompleteError, match="toy/failing: no weights here") as caught:
        score(run, samples(3), Brightness(), metric)
    assert caught.value.exit_code == 3
    assert metric.asked == [TILE]
    assert run.measures() == {"toy/brightness"}
    assert Scored.of(run).value(metric.definitions[0]).reason == "not scored: no weights here"


def test_a_picture_of_one_colour_is_no_failure_of_the_metric_that_raises_on_it(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path, 3)
    run.save_image(samples(3)[1], np.zeros((8, 8, 3), dtype=np.uint8), "1")
    score(run, samples(3), Failing(picky("text 1")))
    assert run.scores()["toy/failing"].isna().tolist() == [False, True, False]


# --- sets -------------------------------------------------------------------------------------


@dataclass
class PickyMeans(Means):
    definitions: tuple[Definition, ...] = (define("picky/means"),)
    captions: tuple[str, ...] = ()
    breaks: str = ""

    def features(self, images: Images) -> Features:
        picky(*self.captions)(images)
        return super().features(images)

    def distance(self, features: Features, reference: Features) -> float:
        if self.breaks == "distance":
            raise RuntimeError("no distance")
        if self.breaks == "writes":
            reference *= 0
        return super().distance(features, reference)


def test_a_set_without_the_features_of_one_image_has_no_value(
    tmp_path: Path, reference: RealImages
) -> None:
    run = make_run(tmp_path, 4)
    metrics = PickyMeans(captions=("text 2",)), Means()
    with pytest.raises(IncompleteError, match=r"picky/means: 1 image unscored, .* on p002_0000"):
        score(run, samples(4), *metrics, reference=reference)
    assert list(run.sets()) == ["toy/means"]
    reason = Scored.of(run).value(metrics[0].definitions[0]).reason
    assert reason.startswith("not scored: test_border.py:PickyMeans.features raised RuntimeError")
    score(run, samples(4), PickyMeans(), reference=reference)
    assert run.sets()["picky/means"].value == run.sets()["toy/means"].value
    assert not (run.folder / "features").exists()


@pytest.mark.parametrize(
    ("breaks", "said"),
    [("distance", "RuntimeError: no distance"), ("writes", "ValueError: output array is read-on")],
)
def test_a_distance_that_fails_is_named_and_spoils_no_other(
    tmp_path: Path, reference: RealImages, breaks: str, said: str
) -> None:
    run = make_run(tmp_path, 4)
    with pytest.raises(IncompleteError, match=rf"PickyMeans.distance raised {said}"):
        score(run, samples(4), PickyMeans(breaks=breaks), Means(), reference=reference)
    alone = make_run(tmp_path / "alone", 4)
    score(alone, samples(4), Means(), reference=reference)
    assert run.sets() == alone.sets()


def test_real_images_that_cannot_be_read_stop_no_other_metric(
    tmp_path: Path, reference: RealImages
) -> None:
    run = make_run(tmp_path, 3)
    reference.path("means").write_bytes(b"no reference")
    with pytest.raises(IncompleteError, match=r"toy/means: .*real-means") as caught:
        score(run, samples(3), Means(), Brightness(), reference=reference)
    assert caught.value.exit_code == 2
    assert run.scores()["toy/brightness"].notna().all()
    assert run.sets() == {}


# --- time -------------------------------------------------------------------------------------


def test_a_metric_that_hangs_is_stopped_and_named(tmp_path: Path) -> None:
    def hang(images: Images) -> None:
        time.sleep(60)

    run, began = make_run(tmp_path, 3), time.monotonic()
    with (
        watch.limit(0.2),
        pytest.raises(
            IncompleteError,
            match=r"Failing.score on p000_0000 to p002_0000 did not come back within 0\.2 s",
        ),
    ):
        score(run, samples(3), Failing(hang), Brightness())
    assert time.monotonic() - began < 10
    assert run.scores()["toy/brightness"].notna().all()
