"""Pictures of noise, clouds of features, and a file that claims too much."""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np

from sdd_bench.types import Features, Images, Pixels


def pictures(count: int, side: int = 64, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(count, side, side, 3), dtype=np.uint8)


def batch(pixels: Pixels, *captions: str) -> Images:
    return Images(pixels=pixels, captions=captions or ("a red apple",) * len(pixels))


def cloud(count: int, width: int, seed: int) -> Features:
    """Correlated features away from zero."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) / math.sqrt(width)
    return (rng.normal(size=(count, width)) @ mixing + rng.normal(size=width)).astype(np.float32)


def claiming(side: int) -> bytes:
    """A PNG of some bytes whose header says that it is a picture of side x side pixels, RGB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
