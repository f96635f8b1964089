"""Several processes that judge one run: each the images that nobody else is judging."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sdd_bench.runs import claims
from sdd_bench.runs.run import Run
from sdd_bench.scoring.sharing import Sharing
from sdd_bench.types import Definition, Images
from support.scoring import make_run, samples, score
from support.shell import Shell
from support.together import Together


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, 20)  # blocks of 8 prompts: 8, 8 and 4 images


def everything(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows


def test_who_is_alone_has_all_at_once_and_leaves_nothing_behind(run: Run) -> None:
    sharing = Sharing.of(run, samples(20))
    assert [tile.tolist() for tile in sharing.tiles(np.arange(20), everything)] == [[*range(20)]]
    assert len(list(run.folder.glob(".scoring-*"))) == 3
    sharing.release()
    assert not list(run.folder.glob(".*"))


def test_a_block_that_another_has_is_left_to_it(run: Run) -> None:
    theirs = claims.take(run.folder / "scoring-00001-0000")
    assert theirs is not None
    sharing = Sharing.of(run, samples(20))
    tiles = [tile.tolist() for tile in sharing.tiles(np.arange(20), everything)]
    assert tiles == [[*range(8), *range(16, 20)]]
    sharing.release()
    assert [path.name for path in run.folder.glob(".*")] == [".scoring-00001-0000.claim"]
    theirs.release()
    again = Sharing.of(run, samples(20))
    assert [tile.tolist() for tile in again.tiles(np.arange(8, 16), everything)] == [
        [*range(8, 16)]
    ]
    again.release()


def test_what_is_not_yet_judged_is_not_let_go(run: Run) -> None:
    sharing = Sharing.of(run, samples(20))
    tiles = sharing.tiles(np.arange(20), everything)
    next(tiles)
    sharing.release()  # as when scores are written in the middle of a tile
    assert len(list(run.folder.glob(".scoring-*"))) == 3
    assert list(tiles) == []
    sharing.release()
    assert not list(run.folder.glob(".scoring-*"))


class Slow:
    """Counts the images it sees."""

    definitions = (Definition(name="slow/toy", better="higher", tolerance=0.1, source="here"),)

    def __init__(self) -> None:
        self.seen: list[str] = []

    def score(self, images: Images) -> NDArray[np.float64]:
        time.sleep(0.05)
        self.seen += dict.fromkeys(images.captions)
        levels: NDArray[np.float64] = images.pixels.mean((1, 2, 3))
        return levels


def test_two_at_once_judge_each_image_once_and_both_end_with_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "POLL", 0.01)
    run, alone = make_run(tmp_path / "both", 300), make_run(tmp_path / "alone", 300)
    score(alone, samples(300), Slow())
    judges = [Slow(), Slow()]
    threads = [threading.Thread(target=score, args=(run, samples(300), judge)) for judge in judges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(judges[0].seen + judges[1].seen) == sorted(e.prompt.text for e in samples(300))
    assert min(len(judge.seen) for judge in judges) >= 48  # neither waited for all of the other's
    pd.testing.assert_frame_equal(run.scores(), alone.scores())
    assert not list(run.folder.glob(".scoring-*"))


def test_what_a_dead_process_was_judging_is_taken_over(run: Run) -> None:
    claim = claims.take(run.folder / "scoring-00001-0000")
    assert claim is not None
    claims._HEART.drop(claim)  # as if its process had ended
    judge = Slow()
    score(run, samples(20), judge)
    assert len(judge.seen) == 20
    assert not list(run.folder.glob(".scoring-*"))


@pytest.mark.slow
def test_two_that_score_by_different_metrics_lose_no_column(shell: Shell) -> None:
    assert shell.run("--metric", "nude/miniature@0.7").code == 0
    run = shell.stored()
    before = run.scores()
    together = Together(shell.folder)
    together.start("score", run.folder, "--metric", "clip/miniature")
    together.start("score", run.folder, "--metric", "harm/miniature@0.7")
    together.start("score", run.folder, "--metric", "harm/miniature@0.7")
    together.end()
    scores = run.scores()
    for name in ("clip/miniature", "harm/miniature", "nude/miniature"):
        assert scores[name].notna().all()
    assert scores[before.columns].equals(before)
