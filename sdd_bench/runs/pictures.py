"""Pictures that others made, as every viewer shows them: turned upright, RGB, of eight bits."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps, UnidentifiedImageError

from sdd_bench import files
from sdd_bench.errors import SDDBenchError
from sdd_bench.files import ContentError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("BMP", "JPEG", "PNG", "WEBP")
"""Of generated pictures. Others are not opened, whatever they are called: Pillow hands EPS to
another program.
"""

_MODES = {"1", "CMYK", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"}
"""Pillow's modes of eight bits and less, which RGB can show as they are."""

_LARGEST = 500_000_000
"""Bytes of a file: more than a picture of as many pixels as Pillow opens takes without loss."""

_OPAQUE = 255
"""The alpha of a pixel through which nothing shows."""

_ORIENTATION = 0x0112
"""The tag of EXIF that says which side is up; 1 or nothing: the picture is upright."""

_EXIF = (b"Exif", b"eXIf", b"EXIF", b"exif")
"""One of these is in a file with that tag: JPEG, PNG, WebP, older PNG. Pillow turns TIFF itself."""


def read(path: Path, formats: tuple[str, ...] = FORMATS) -> Picture:
    """A picture in RGB. Raises ContentError, whose cause is the library's error if it has one."""
    with _opened(path, formats) as image:
        if image.mode not in _MODES:
            raise ContentError(f"of mode {image.mode}, which RGB cannot show")
        try:
            frames = getattr(image, "n_frames", 1)
            upright = ImageOps.exif_transpose(image)
            seen = upright.convert("RGBA") if image.has_transparency_data else upright
            alpha = seen.getchannel("A") if seen.mode == "RGBA" else None
            turned = seen.convert("RGB")
        except Exception as error:  # Pillow's readers let through whatever goes wrong in them
            raise ContentError("not readable") from error
        # A photograph in JPEG may bring smaller copies of itself along (MPO).
        if frames > 1 and image.format != "MPO":
            raise ContentError(f"of {frames} frames")
        if alpha is not None and alpha.getextrema() != (_OPAQUE, _OPAQUE):
            raise ContentError("with transparent parts, which have no colour: save it as RGB")
        return turned


def is_turned(path: Path, formats: tuple[str, ...] = FORMATS) -> bool:
    """Whether `read` turns what lies in a file. Raises ContentError if it cannot be read."""
    if not any(mark in _bytes(path) for mark in _EXIF):
        return False
    with _opened(path, formats) as image:
        try:
            return image.getexif().get(_ORIENTATION, 1) in range(2, 9)
        except Exception as error:
            raise ContentError("not readable") from error


def _opened(path: Path, formats: tuple[str, ...]) -> Picture:
    try:
        return Image.open(io.BytesIO(_bytes(path)), formats=formats)
    except ContentError:
        raise
    except UnidentifiedImageError:
        raise ContentError("not readable") from None  # its message is an address in memory
    except Exception as error:
        raise ContentError("not readable") from error


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ContentError("not a file" if path.exists() else "linked to and not there")
    if path.stat().st_size > _LARGEST:
        raise ContentError(f"of more than {_LARGEST / 1e6:.0f} MB")
    try:
        return files.read(path) or b""
    except SDDBenchError as error:
        raise ContentError("not readable") from error
