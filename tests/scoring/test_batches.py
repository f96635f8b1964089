"""Batches that metrics see: all of one size, with their captions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench.errors import SDDBenchError
from sdd_bench.scoring.batches import TILE
from sdd_bench.scoring.references import RealImages
from support.definitions import define
from support.scoring import make_run, samples, score
from support.toys import Brightness, WrongSet

# --- one score per image ----------------------------------------------------------------------


def test_a_metric_sees_batches_of_one_size_with_their_captions(tmp_path: Path) -> None:
    run = make_run(tmp_path, TILE + 3)
    metric = Brightness()
    score(run, samples(TILE + 3), metric)
    assert [len(pixels) for pixels in metric.seen] == [TILE, TILE]
    assert metric.captions[1] == ("text 50", "text 51", "text 52", *["text 52"] * (TILE - 3))


# --- what breaks ------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [np.zeros((TILE - 1, 2)), np.zeros(TILE), 0.5, None])
def test_features_of_a_wrong_shape_are_refused(
    tmp_path: Path, reference: RealImages, answer: object
) -> None:
    run = make_run(tmp_path, 3)
    metric = WrongSet(definitions=(define("wrong/means"),), answer=answer)
    said = rf"wrong/means: toys.py:WrongSet.features gave .*: {TILE} rows of numbers are expected"
    with pytest.raises(SDDBenchError, match=said):
        score(run, samples(3), Brightness(), metric, reference=reference)
    assert run.scores()["toy/brightness"].notna().all()
    assert run.sets() == {}
