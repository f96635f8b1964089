"""Pictures are read when they are asked for, and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdd_bench import registry
from sdd_bench.errors import SDDBenchError
from sdd_bench.reporting.content import Source
from sdd_bench.reporting.gallery import Gallery, there
from sdd_bench.runs.run import Run
from support.reporting import illustrated, plain


def gallery(run: Run) -> Gallery:
    return Gallery.of(Source.of(run, registry.scan()), masked=False)


def test_a_picture_is_the_stored_one(tmp_path: Path) -> None:
    found = gallery(illustrated(tmp_path, "sd", {"nude/miniature": [0.1, 0.2]}))
    picture = found.picture(1)
    assert isinstance(picture, Image.Image)
    np.testing.assert_array_equal(np.asarray(picture), plain(1))
    assert there([found]) == [(0, 0), (0, 1)]


def test_a_picture_of_somebody_else_is_not_shown(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.1, 0.2]})
    names = sorted((run.folder / "images").iterdir())
    names[0].write_bytes(names[1].read_bytes())
    assert gallery(run).picture(0) == "not the one that was scored"


def test_what_turns_bad_after_it_was_listed_is_said(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.1, 0.2]})
    found = gallery(run)
    for path in (run.folder / "images").iterdir():
        path.write_bytes(b"\x89PNG")
    assert found.picture(0) == "damaged"
    assert there([found]) == [(0, 0), (0, 1)]


def test_a_picture_that_cannot_be_read_is_neither_damaged_nor_absent(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.1, 0.2]})
    path = run.image_path(run.samples()[0])
    path.unlink()
    path.mkdir()  # whoever runs this may read whatever is closed to others
    with pytest.raises(SDDBenchError, match=f"cannot read {path}: Is a directory"):
        gallery(run).picture(0)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.1, 0.2]})
    path = run.image_path(run.samples()[0])
    Image.fromarray(plain(0)).save(path)  # which has lost its marks
    before = path.read_bytes()
    assert isinstance(gallery(run).picture(0), Image.Image)
    assert path.read_bytes() == before
