"""Pictures that others made: upright, RGB, of eight bits, in formats that are pictures."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sdd_bench.files import ContentError
from sdd_bench.runs import pictures
from support.images import claiming
from support.importing import picture

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nshowpage\n"


def marked() -> Image.Image:
    """A picture of 64 x 32 with a red corner at its upper left."""
    image = Image.new("RGB", (64, 32), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 15, 15), fill="red")
    return image


def with_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def red(image: Image.Image) -> tuple[bool, ...]:
    """Which corners are red: upper left, upper right, lower left, lower right."""
    pixels = np.asarray(image).astype(int)
    corners = pixels[4, 4], pixels[4, -5], pixels[-5, 4], pixels[-5, -5]
    return tuple(bool(corner[0] > 200 and corner[1] < 80) for corner in corners)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
@pytest.mark.parametrize(
    ("orientation", "corner", "size"),
    [
        # EXIF 2.32, 4.6.4: where the 0th row and the 0th column of what is stored are to be seen.
        (1, 0, (64, 32)),
        (2, 1, (64, 32)),
        (3, 3, (64, 32)),
        (4, 2, (64, 32)),
        (5, 0, (32, 64)),
        (6, 1, (32, 64)),
        (7, 3, (32, 64)),
        (8, 2, (32, 64)),
        (9, 0, (64, 32)),
    ],
)
def test_a_picture_is_turned_as_every_viewer_turns_it(
    tmp_path: Path, ending: str, orientation: int, corner: int, size: tuple[int, int]
) -> None:
    path = tmp_path / f"photo.{ending}"
    marked().save(path, exif=with_orientation(orientation), quality=95)
    image = pictures.read(path)
    assert (image.size, image.mode) == (size, "RGB")
    assert red(image) == tuple(place == corner for place in range(4))
    assert pictures.is_turned(path) == (2 <= orientation <= 8)


def test_what_has_no_tag_is_not_turned(tmp_path: Path) -> None:
    marked().save(tmp_path / "plain.png")
    assert not pictures.is_turned(tmp_path / "plain.png")
    assert red(pictures.read(tmp_path / "plain.png")) == (True, False, False, False)


@pytest.mark.parametrize("mode", ["1", "CMYK", "L", "LA", "P", "RGB", "RGBA", "YCbCr"])
def test_modes_of_eight_bits_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "picture.tif"
    image = marked().convert(mode)
    image.save(path)
    expected = np.asarray(image.convert("RGB"))
    assert (np.asarray(pictures.read(path, ("TIFF",))) == expected).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_refused_and_opaque_alpha_is_not(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "picture.png"
    image = marked().convert("RGBA")
    image.convert(mode).save(path)
    pictures.read(path)
    if mode == "P":
        image.convert("P").save(path, transparency=image.convert("P").getpixel((0, 0)))
    else:
        image.putpixel((0, 0), (9, 9, 9, 128))
        image.convert(mode).save(path)
    with pytest.raises(ContentError, match=r"^with transparent parts, .*: save it as RGB$"):
        pictures.read(path)


def of_frames(path: Path) -> None:
    others = [Image.fromarray(picture(number)) for number in (1, 2)]
    Image.fromarray(picture(0)).save(path, format="PNG", save_all=True, append_images=others)


def of_sixteen_bits(path: Path) -> None:
    Image.fromarray(picture(0)[:, :, 0].astype(np.uint16) * 257).save(path, format="PNG")


def of_floats(path: Path) -> None:
    Image.fromarray(picture(0)[:, :, 0].astype(np.float32) / 255).save(path, format="TIFF")


def cut(path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture(0)).save(buffer, format="JPEG")
    path.write_bytes(buffer.getvalue()[:-500])


def too_big(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(600_000_000)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (of_sixteen_bits, "of mode I;16, which RGB cannot show"),
        (of_floats, "of mode F, which RGB cannot show"),
        (of_frames, "of 3 frames"),
        (cut, "not readable"),
        (lambda path: path.write_bytes(EPS), "not readable"),
        (lambda path: path.write_bytes(b"%PDF-1.4\n"), "not readable"),
        (lambda path: path.write_bytes(b""), "not readable"),
        (lambda path: path.write_bytes(claiming(100_000)), "not readable"),
        (too_big, "of more than 500 MB"),
        (Path.mkdir, "not a file"),
        (os.mkfifo, "not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a file"),
        (lambda path: path.symlink_to("nowhere"), "linked to and not there"),
        (lambda path: path.symlink_to(path.name), "linked to and not there"),
    ],
)
def test_what_is_no_picture_says_why(
    tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / "000000.png"
    spoil(path)
    with pytest.raises(ContentError) as caught:
        pictures.read(path, (*pictures.FORMATS, "TIFF"))
    assert str(caught.value) == reason


def test_no_program_is_started_for_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin: without the choice of formats Pillow starts Ghostscript, which leaves a trace."""
    trace = tmp_path / "started"
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\necho >> '{trace}'\nexit 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    path = tmp_path / "000000.png"
    path.write_bytes(EPS)
    with pytest.raises(ContentError, match="not readable"):
        pictures.read(path)
    assert not trace.exists()
    with contextlib.suppress(OSError), Image.open(path) as image:
        image.load()
    assert trace.exists()
