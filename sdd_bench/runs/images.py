"""An image as a PNG that knows which sample it is of, and from which noise it was made."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, PngImagePlugin

from sdd_bench.errors import SDDBenchError

if TYPE_CHECKING:
    from sdd_bench.types import Pixels, Sample

log = logging.getLogger(__name__)

_MARK = "sdd_bench"
"""The text chunk that holds a hash of the sample's prompt and seed."""

_NOISE = "noise"
"""The text chunk that holds a hash of the noise that the image started from."""

DAMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises when a file is no whole picture, or claims to be one too big for a memory."""


def encoded(sample: Sample, pixels: Pixels, noise_hash: str) -> bytes:
    """The file of an image, uint8 (height, width, 3); the same pixels give the same bytes."""
    if pixels.dtype != "uint8" or pixels.ndim != 3 or pixels.shape[2] != 3:
        shape = f"{pixels.dtype} {pixels.shape}"
        raise ValueError(f"an image is uint8 (height, width, 3), not {shape}")
    mark = PngImagePlugin.PngInfo()
    mark.add_text(_MARK, _sample_hash(sample))
    mark.add_text(_NOISE, noise_hash)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1, pnginfo=mark)
    return buffer.getvalue()


def read(path: Path) -> tuple[Pixels, str]:
    """An image, uint8 (height, width, 3), and the hash of its noise, empty if unknown."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return np.asarray(image.convert("RGB")), str(image.info.get(_NOISE, ""))
    except DAMAGE as error:
        raise SDDBenchError(
            f"cannot read {path} ({error}): the `sdd-bench run` that made it makes it again"
        ) from error


def is_valid(path: Path, sample: Sample) -> bool:
    """Whether a file is a whole PNG, and of this sample if it says of which one."""
    try:
        # Decoding doesn't look at the checksums, and checking them leaves nothing to decode.
        with Image.open(path, formats=["PNG"]) as image:
            image.verify()
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
            mark = image.info.get(_MARK)
    except FileNotFoundError:
        return False
    except DAMAGE as error:
        log.warning("%s is damaged (%s) and will be made again", path, error)
        return False
    if mark not in {None, _sample_hash(sample)}:
        log.warning("%s was made from another prompt or seed and will be made again", path)
        return False
    return True


def _sample_hash(sample: Sample) -> str:
    """A hash by which a prompt or a seed is known that has changed since the image was made."""
    text = json.dumps([sample.prompt.text, sample.seed])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
