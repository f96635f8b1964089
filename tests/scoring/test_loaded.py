"""Pictures as metrics are shown them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdd_bench.scoring import loaded
from sdd_bench.scoring.batches import TILE
from support.scoring import make_run, random_image, samples


def test_a_tile_is_filled_up_with_its_last_picture(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    batch, noise = loaded.tile(run, samples(3))
    assert (batch.count, len(batch.images.pixels)) == (3, TILE)
    assert noise == ["0", "1", "2"]  # the hash of each one's noise is its seed here
    for place, seed in ((0, 0), (1, 1), (2, 2), (3, 2), (TILE - 1, 2)):
        assert (batch.images.pixels[place] == random_image(seed)).all()
    assert batch.images.captions[:4] == ("text 0", "text 1", "text 2", "text 2")


def test_a_pair_is_of_the_same_noise(tmp_path: Path) -> None:
    run = make_run(tmp_path, 3)
    other = make_run(tmp_path, 3, "sd", noise=lambda seed: "another" if seed == 1 else str(seed))
    batch, noise = loaded.tile(run, samples(3))
    gone = np.array([False, False, True])  # the last one's picture has been discarded
    beside, usable = loaded.paired(other, batch, noise, samples(3), gone)
    assert usable.tolist() == [True, False, False]
    assert (beside.images.pixels[0] == random_image(1000)).all()
    for place in (1, 2):  # compared with themselves, so that the batch stays whole
        assert (beside.images.pixels[place] == batch.images.pixels[place]).all()


def test_a_hash_is_of_the_pixels() -> None:
    black = np.zeros((8, 8, 3), dtype=np.uint8)
    # head -c 192 /dev/zero | sha256sum
    assert loaded.hash_of(black) == "5d89f056865052bc"
