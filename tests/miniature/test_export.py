"""Weights that are shipped: listed with their hashes, and small."""

from __future__ import annotations

from sdd_bench.weights import store
from support.miniature import check_manifest


def test_the_manifest_lists_every_shipped_file_with_its_hash() -> None:
    check_manifest(store.SHIPPED)


def test_the_shipped_weights_are_small() -> None:
    files = [*store.SHIPPED.rglob("*.safetensors"), *store.SHIPPED.rglob("*.onnx")]
    assert len(files) == 10
    assert sum(file.stat().st_size for file in files) <= 16_000_000
