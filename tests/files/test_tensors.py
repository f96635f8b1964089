"""Safetensors files: two of one content are the same bytes, and every reader reads them."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load, save

from sdd_bench import files


def test_a_file_in_order_holds_the_same_and_does_not_depend_on_the_order_of_its_texts() -> None:
    tensors = {"b": np.arange(6.0).reshape(2, 3), "a": np.zeros(3, dtype=np.float32)}
    texts = {f"key{i}": str(i) for i in range(20)}
    first = files.in_order(save(tensors, metadata=texts))
    second = files.in_order(save(tensors, metadata=dict(reversed(texts.items()))))
    assert first == second
    found = load(first)
    assert all((found[name] == tensors[name]).all() for name in tensors)
    # The tensors start at a multiple of eight bytes, as the format asks.
    assert int.from_bytes(first[:8], "little") % 8 == 0
