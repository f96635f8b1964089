"""Values of whole sets, and the reasons why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sdd_bench.runs.run import Run
from sdd_bench.scoring.batches import TILE
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import Definition, Features
from support.definitions import define
from support.references import REAL, reference_file
from support.scoring import make_run, random_image, reason, samples, score
from support.toys import Means, Unlike

# --- pairs ------------------------------------------------------------------------------------


def test_without_a_baseline_there_is_a_reason(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    assert score(run, samples(3), Unlike()) == []
    assert reason(run) == "no images of sd to compare with"
    # And as soon as there is one, there are scores.
    score(run, samples(3), Unlike(), baseline=make_run(tmp_path, 3, "sd"))
    assert run.sets() == {}
    assert run.scores()["toy/unlike"].notna().all()


def test_the_baseline_is_not_compared_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    baseline = make_run(tmp_path, 3, "sd")
    by_another_path = Run.open(baseline.folder.relative_to(tmp_path))
    score(by_another_path, samples(3), Unlike(), baseline=baseline)
    assert reason(baseline) == "is the baseline"


def test_an_incomplete_baseline_is_not_compared_with(tmp_path: Path) -> None:
    run, baseline = make_run(tmp_path, 3), make_run(tmp_path, 1, "sd")
    score(run, samples(3), Unlike(), baseline=baseline)
    assert reason(run) == "2 images of sd are missing"


# --- sets -------------------------------------------------------------------------------------


def test_a_set_is_compared_with_all_real_images_once(tmp_path: Path, reference: RealImages) -> None:
    run = make_run(tmp_path, TILE + 5)
    metric = Means()
    score(run, samples(TILE + 5), metric, reference=reference)
    value = run.sets()["toy/means"]
    ours = np.mean([random_image(i).mean((0, 1)) for i in range(TILE + 5)], axis=0)
    real = np.mean([image.mean((0, 1)) for image in REAL], axis=0)
    assert value.value == pytest.approx(np.abs(ours - real).sum(), rel=1e-5)
    assert (value.n, value.reason) == (TILE + 5, "")
    assert value.reference.startswith("real n=70 crop=none ")
    assert value.low < value.value < value.high
    assert metric.seen == [TILE] * 2
    assert "toy/means" not in run.scores()


def test_without_real_images_there_is_a_reason(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    assert score(run, samples(3), Means()) == []
    assert reason(run, "toy/means") == "no real images for this suite"


def test_a_set_that_grew_is_measured_again(tmp_path: Path, reference: RealImages) -> None:
    run = make_run(tmp_path, 6)
    score(run, samples(4), Means(), reference=reference)
    assert run.sets()["toy/means"].n == 4
    score(run, samples(6), Means(), reference=reference)
    assert run.sets()["toy/means"].n == 6
    assert score(run, samples(6), Means(), reference=reference_file(tmp_path, "other")) == [6]


@dataclass
class Sure(Means):
    definitions: tuple[Definition, ...] = (define("toy/sure"),)

    def interval(self, features: Features, reference: Features) -> tuple[float, float, float]:
        return 2.0, 1.0, float(len(features))


def test_a_metric_may_know_its_own_interval(tmp_path: Path, reference: RealImages) -> None:
    run = make_run(tmp_path, 3)
    score(run, samples(3), Sure(), reference=reference)
    value = run.sets()["toy/sure"]
    assert (value.value, value.low, value.high, value.n) == (2, 1, 3, 3)
