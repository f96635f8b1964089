"""Fixtures of the analysis: a small run, and a matrix of two artists."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run
from support.definitions import small_run
from support.matrix import SCORES, make
from support.shell import Shell


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Four images of two prompts, with made-up scores."""
    return small_run(tmp_path)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undefended model, and either artist removed; the scores are of our choosing."""
    shell = Shell(tmp_path_factory.mktemp("matrix"))
    make(shell, "--method", "sd")
    for artist in ("monet", "seurat"):
        make(shell, "--method", "sd-neg", "--concept", artist)
    for run in find(shell.results):
        style, lpips = SCORES[run.spec.concepts]
        assert run.scores()["prompt_id"].tolist() == ["m0", "m1", "s0", "s1"]
        changed = {"style/miniature": style}
        if run.spec.concepts:
            changed["lpips/miniature"] = lpips
        run.write_scores(run.scores().assign(**changed))
    return shell.folder


@pytest.fixture
def filled_matrix(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A command line in a copy of `made`, which may be changed."""
    shutil.copytree(made, tmp_path / "copy")
    return Shell(tmp_path / "copy", capsys)
