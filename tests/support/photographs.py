"""Photographs out of a package, as the package index has them."""

from __future__ import annotations

import pytest

from sdd_bench.errors import MissingError
from sdd_bench.weights import catalog, fetcher

PHOTOGRAPHS = catalog.Weight(
    name="scikit-image-photographs",
    serves="tests",
    licence="public domain (CC0)",
    source=catalog.Package(
        name="scikit-image", version="0.26.0", kind="wheel", folder="skimage/data"
    ),
    files=(
        catalog.File(
            path="astronaut.png",
            sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        ),
        catalog.File(
            path="coffee.png",
            sha256="cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        ),
        catalog.File(
            path="chelsea.png",
            sha256="596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        ),
    ),
    single=False,
)


def fetch_or_skip(weight: catalog.Weight) -> None:
    """Fetch a weight unless it is here; skip, with the reason, where it cannot be had."""
    try:
        fetcher.fetch(weight)
    except MissingError as error:
        pytest.skip(f"{weight.name} is not here, and: {error}")
