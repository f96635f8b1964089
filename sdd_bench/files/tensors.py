"""Safetensors files whose bytes follow from their content."""

from __future__ import annotations

import json


def in_order(data: bytes) -> bytes:
    """A safetensors file with its header in order: the library writes it in another each time.

    The header is JSON, and its length stands before it. Both take a multiple of eight bytes.
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[start:]
