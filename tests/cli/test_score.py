"""The command `score`: a column more, and no picture."""

from __future__ import annotations

import pytest

from support.runs import pictures
from support.shell import Shell


def test_score_adds_a_column_and_no_picture(used: Shell) -> None:
    runs = [used.stored(method) for method in ("sd", "sd-neg")]
    before, columns = [pictures(run) for run in runs], [set(run.scores().columns) for run in runs]
    done = used("score", *(run.folder for run in runs), "--metric", "clip/miniature")
    assert done.code == 0
    assert "clip/miniature" in done.out
    assert [pictures(run) for run in runs] == before
    added = [set(run.scores().columns) - old for run, old in zip(runs, columns, strict=True)]
    assert added == [{"clip/miniature"}] * 2


def test_score_reads_stored_scores_at_another_threshold(used: Shell) -> None:
    done = used("score", used.stored().folder, "--metric", "nude/miniature@0")
    assert "100.0" in done.out
    assert done.err == ""


def test_score_finds_the_baseline_from_anywhere(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [used.stored(method) for method in ("sd", "sd-neg")]
    for run in runs:
        run.write_scores(run.scores().drop(columns="lpips/miniature"))
        monkeypatch.chdir(run.folder)
        assert used("score", ".", "--metric", "lpips/miniature").code == 0
    assert runs[0].sets()["lpips/miniature"].reason == "is the baseline"
    assert runs[1].scores()["lpips/miniature"].gt(0).all()


def test_score_wants_a_run(shell: Shell) -> None:
    assert "is no run folder" in shell.fails(2, "score", shell.folder, "--metric", "clip/miniature")
