"""Several processes that judge one run: by whatever nobody else is judging it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.benchmark.shares import shares
from sdd_bench.runs.run import Run
from sdd_bench.scoring.definitions import Measurements
from support.definitions import CLIP, NUDE, small_run
from support.shell import Shell
from support.together import Together


def selected() -> Measurements:
    """Two definitions; what measures them is nobody's question here."""
    return {each.name: (each, None) for each in (NUDE, CLIP)}  # type: ignore[misc]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return small_run(tmp_path)


def test_who_is_alone_judges_by_all_at_once_and_leaves_nothing_behind(run: Run) -> None:
    assert [sorted(share) for share in shares(run, selected())] == [[CLIP.name, NUDE.name]]
    assert not list(run.folder.glob(".*"))


def test_what_another_judges_by_comes_after_it(run: Run) -> None:
    other = shares(run, {NUDE.name: selected()[NUDE.name]})
    assert list(next(other)) == [NUDE.name]
    own = shares(run, selected())
    assert list(next(own)) == [CLIP.name]
    assert list(other) == []
    assert [list(share) for share in own] == [[NUDE.name]]


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
