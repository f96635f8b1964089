"""An image as a PNG that knows whose it is: of which run, prompt, seed, noise and pixels.

Three texts stand in the file. `noise` and `pixels` are hashes, and `sdd_bench` is a SHA-256 over
both, the run's digest, the prompt and the seed. Files of before have no `pixels`, and sixteen
digits over prompt and seed alone.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, PngImagePlugin

from sdd_bench import files
from sdd_bench.errors import SDDBenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdd_bench.types import Pixels, Sample

log = logging.getLogger(__name__)

_MARK = "sdd_bench"
"""The text chunk that says whose picture it is."""

_NOISE = "noise"
"""The text chunk that holds a hash of the noise that the image started from."""

_PIXELS = "pixels"
"""The text chunk that holds a hash of the pixels."""

_FORMER = 16
"""Digits of a mark of before."""

DAMAGE = (
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow raises when a file is no whole picture, or claims to be one too big for a memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a row of scores says of an image; empty what it doesn't."""

    noise: str = ""
    pixels: str = ""


UNKNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a file says of itself; empty what it doesn't."""

    mark: str
    noise: str
    pixels: str

    @classmethod
    def of(cls, texts: Mapping[str | tuple[int, int], object]) -> Marks:
        """Those among the texts of a picture, which Pillow reads before its pixels."""
        mark, noise, pixels = (str(texts.get(key, "")) for key in (_MARK, _NOISE, _PIXELS))
        return cls(mark=mark, noise=noise, pixels=pixels)

    def fit(self, digest: str, sample: Sample, known: Known) -> bool:
        """Whether the picture is the run's of that sample, by what it says and what is known."""
        if len(self.mark) != _FORMER:
            return self.mark == _mark(digest, sample, self.noise, self.pixels)
        return self.mark == _former(sample) and known.noise in {"", self.noise}


def encoded(digest: str, sample: Sample, pixels: Pixels, noise_hash: str) -> bytes:
    """The file of a run's image, uint8 (height, width, 3); the same pixels give the same bytes."""
    if pixels.dtype != "uint8" or pixels.ndim != 3 or pixels.shape[2] != 3:
        shape = f"{pixels.dtype} {pixels.shape}"
        raise ValueError(f"an image is uint8 (height, width, 3), not {shape}")
    hashed = hash_of(pixels)
    texts = PngImagePlugin.PngInfo()
    texts.add_text(_MARK, _mark(digest, sample, noise_hash, hashed))
    texts.add_text(_NOISE, noise_hash)
    texts.add_text(_PIXELS, hashed)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1, pnginfo=texts)
    return buffer.getvalue()


def read(path: Path) -> tuple[Pixels, str]:
    """An image, uint8 (height, width, 3), and the hash of its noise, empty if unknown."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            pixels, marks = np.asarray(image.convert("RGB")), Marks.of(image.info)
    except DAMAGE as error:
        refuse_unreadable(path, error)
        raise _unusable(path, error) from error
    if marks.pixels not in {"", hash_of(pixels)}:
        raise _unusable(path, "its pixels are not those that were written")
    return pixels, marks.noise


def _unusable(path: Path, reason: object) -> SDDBenchError:
    return SDDBenchError(
        f"cannot read {path} ({reason}): the `sdd-bench run` that made it makes it again"
    )


def verified(path: Path) -> tuple[Pixels, Marks] | None:
    """An image whose checksums fit, and what it says of itself; None if there is none or, with a
    warning, if it is damaged. Raises SDDBenchError for a file that cannot be read.
    """
    data = files.read(path)
    if data is None:
        return None
    try:
        # Decoding doesn't look at the checksums, and checking them leaves nothing to decode.
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.verify()
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            pixels, marks = np.asarray(image.convert("RGB")), Marks.of(image.info)
    except DAMAGE as error:
        log.warning("%s is damaged (%s) and will be made again", path, error)
        return None
    return pixels, marks


def stated_pixels(path: Path) -> str:
    """The hash of a file's pixels as it says itself, which costs nothing; empty if it doesn't."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return Marks.of(image.info).pixels
    except DAMAGE as error:
        refuse_unreadable(path, error)
        return ""


def shows(path: Path, pixels: str) -> bool:
    """Whether a file is a whole picture by its checksums, and the one whose pixels have that hash
    by what it says itself; nothing is decoded. Raises SDDBenchError for one that cannot be read.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            stated = Marks.of(image.info).pixels
            image.verify()
    except DAMAGE as error:
        refuse_unreadable(path, error)
        return False
    return stated == pixels or not (stated and pixels)


def refuse_unreadable(path: Path, error: Exception) -> None:
    """Raise SDDBenchError if a fault is not the picture's but that of the disk or the network."""
    if isinstance(error, OSError) and error.errno not in {None, errno.ENOENT}:
        raise files.unreadable(path, error) from error


def hash_of(pixels: Pixels) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of an image's pixels."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]


def _mark(digest: str, sample: Sample, noise: str, pixels: str) -> str:
    text = json.dumps([digest, sample.prompt.text, sample.seed, noise, pixels])
    return hashlib.sha256(text.encode()).hexdigest()


def _former(sample: Sample) -> str:
    text = json.dumps([sample.prompt.text, sample.seed])
    return hashlib.sha256(text.encode()).hexdigest()[:_FORMER]
