"""Pictures in full size, as files beside the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from PIL import Image

from sdd_bench import files
from sdd_bench.errors import InputError

from .gallery import Gallery, there
from .pictures import read

PAGE = "index.html"

PICTURES = "pictures"
"""The folder of all pictures, which has those of a run where the results have them."""


def names(galleries: Sequence[Gallery]) -> list[list[str]]:
    """Where the picture of each row is, from the page; empty where there is none."""
    made = []
    for gallery in galleries:
        folder = PurePosixPath(PICTURES, *gallery.source.run.spec.folder.parts[1:])
        made.append(
            [
                "" if why else str(folder / f"{stem}.png")
                for why, stem in zip(gallery.absent, gallery.source.stems, strict=True)
            ]
        )
    return made


def check(folder: Path, names: Sequence[Sequence[str]]) -> None:
    """Raise InputError if anything lies there that would not be replaced: what an earlier page has
    shown there may not be for whoever gets this one, nor what a link leads to.
    """
    own = {PAGE, *(name for of_run in names for name in of_run)}
    for path in files.find(folder, "**/*"):
        name = path.relative_to(folder).as_posix()
        folder_of_ours = path.is_dir() and not path.is_symlink()
        if not folder_of_ours and name not in own and not files.is_left_behind(path):
            raise InputError(
                f"{folder} holds {name}, which is no part of this report: give a new folder, or "
                "take it away"
            )


def write(folder: Path, galleries: Sequence[Gallery], names: list[list[str]]) -> None:
    """Write the pictures; the name of one that turns out not to be there becomes empty, and what an
    earlier page had there goes.
    """
    for path in filter(files.is_left_behind, files.find(folder, "**/*")):
        path.unlink(missing_ok=True)
    for (run, row), data in read(galleries, there(galleries), _encoded):
        if isinstance(data, str):
            (folder / names[run][row]).unlink(missing_ok=True)
            names[run][row] = ""
            continue
        path = folder / names[run][row]
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, data)


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
