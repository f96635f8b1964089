"""Dockerfiles: what they copy is there, and they install what is pinned, as no root."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.paths import ROOT

FILES = sorted((ROOT / "docs" / "docker").glob("*.Dockerfile"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def copied(text: str) -> list[str]:
    """The sources of every COPY."""
    return [source for line in re.findall(r"(?m)^COPY (.+)$", text) for source in line.split()[:-1]]


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
    order = instructions(text)
    assert order.index("USER") < order.index("CMD")
    assert max(i for i, name in enumerate(order) if name == "RUN") < order.index("USER")


def test_the_image_with_a_gpu_has_every_package_of_the_wheel_and_the_pins() -> None:
    text = (ROOT / "docs" / "docker" / "gpu.Dockerfile").read_text()
    pyproject = (ROOT / "pyproject.toml").read_text()
    folders = re.findall(r'(?m)^"sdd_bench\.\w+" = "([\w/]+)"$', pyproject)
    assert {"sdd_bench", "constraints.txt", *folders} <= set(copied(text))
    assert len(folders) == 4
    assert "--constraint constraints.txt" in text


def test_a_file_that_is_gone_would_be_found() -> None:
    assert copied("FROM x\nCOPY a b/ c\nCOPY d .\n") == ["a", "b/", "d"]
