"""The command `reference`: it writes features, or says why none are needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sdd_bench.scoring import references
from support.references import pixels, real_images
from support.shell import Shell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return real_images(tmp_path / "real")


def test_the_command_writes_a_file(shell: Shell, folder: Path) -> None:
    small = shell.folder / "small"
    small.mkdir()
    for seed in range(3):
        Image.fromarray(pixels(64, 64, seed)).save(small / f"{seed}.png")
    out = shell.folder / "r" / "mine.safetensors"
    answer = shell("reference", "--images", small, "--out", out, "--metric", "fid/miniature")
    assert answer.code == 0
    features, about = references.read(out)
    assert features.shape == (3, 64)
    assert (about["instrument"], about["count"]) == ("miniature", "3")
    assert answer.out == (
        f"{out}: 3 images, crop centre, SHA-256 of the images {about['images']}\n"
    )


def test_the_command_refuses_what_needs_no_reference(shell: Shell, folder: Path) -> None:
    line = shell.fails(
        2, "reference", "--images", folder, "--out", folder / "f", "--metric", "nude/miniature@0.7"
    )
    assert line == "error: 'nude/miniature@0.7' judges image by image and needs no reference"
