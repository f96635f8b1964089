"""The picture of the matrix: which image is in which cell."""

from __future__ import annotations

import shutil

import numpy as np
from PIL import Image

from sdd_bench.analysis import matrix_image, matrix_rows
from sdd_bench.runs.lookup import find
from support.matrix import show
from support.shell import Shell


def outlined(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], x: int, y: int) -> bool:
    """Whether the pixel left of and above a cell is of the outline's red."""
    return bool((picture[y - 2, x - 2] == (0xD6, 0x27, 0x28)).all())


def test_the_picture_has_the_images_in_their_cells(filled_matrix: Shell) -> None:
    path = filled_matrix.folder / "shown" / "figure.png"
    assert filled_matrix(*show(filled_matrix, "--picture", path, "--nth", 1)).code == 0
    picture = np.asarray(Image.open(path))
    runs = {each.spec.concepts: each for each in find(filled_matrix.results)}
    height = (
        (matrix_image.SIDE + matrix_image.LINE + matrix_image.GAP) * 3
        + matrix_image.GAP
        + matrix_image.LINE
    )
    assert picture.shape[0] == height
    left = picture.shape[1] - 2 * (matrix_image.SIDE + matrix_image.GAP)
    hashes = []
    for line, removed in enumerate([(), ("monet",), ("seurat",)]):
        for column, prompt in enumerate(["m1", "s1"]):
            sample = next(s for s in runs[removed].samples() if s.prompt.id == prompt)
            pixels, noise = runs[removed].load_image(sample)
            hashes.append(noise)
            x = left + column * (matrix_image.SIDE + matrix_image.GAP)
            y = (
                matrix_image.GAP
                + matrix_image.LINE
                + line * (matrix_image.SIDE + matrix_image.LINE + matrix_image.GAP)
            )
            shown = picture[y : y + matrix_image.SIDE, x : x + matrix_image.SIDE]
            assert (shown == pixels.repeat(2, axis=0).repeat(2, axis=1)).all()
            assert outlined(picture, x, y) == (removed == (["monet", "seurat"][column],))
    assert hashes[:2] == hashes[2:4] == hashes[4:]


def test_the_picture_leaves_what_is_missing_grey(filled_matrix: Shell) -> None:
    run = next(each for each in find(filled_matrix.results) if each.spec.concepts == ("seurat",))
    shutil.rmtree(run.folder)
    path = filled_matrix.folder / "figure.png"
    assert filled_matrix(*show(filled_matrix, "--picture", path)).code == 3
    picture = np.asarray(Image.open(path))
    y = picture.shape[0] - matrix_image.GAP - matrix_image.LINE - matrix_image.SIDE
    x = picture.shape[1] - matrix_image.GAP - matrix_image.SIDE
    assert (picture[y : y + matrix_image.SIDE, x : x + matrix_image.SIDE] == 0xDD).all()


def test_a_prompt_that_is_not_there_cannot_be_shown(filled_matrix: Shell) -> None:
    path = filled_matrix.folder / "figure.png"
    done = filled_matrix(*show(filled_matrix, "--picture", path, "--nth", 2))
    assert "'monet' has 2 prompts, counted from 0: there is no 2" in done.failure(2)


def test_big_images_are_reduced() -> None:
    wide = Image.new("RGB", (512, 256), "blue")

    class Held:
        def load_image(self, sample: object) -> tuple[object, str]:
            return np.asarray(wide), ""

    row = matrix_rows.MatrixRow(removed="", request=None, run=Held(), stems=frozenset())  # type: ignore[arg-type]
    shown = np.asarray(matrix_image._thumbnail(row, None))  # type: ignore[arg-type]
    assert shown.shape == (128, 128, 3)
    assert (shown[32:96] == (0, 0, 255)).all()
    assert (shown[:32] == 255).all()
