"""Fixtures of the weights: never this machine's own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(weights_folder: Path) -> Path:
    """Of the weights: an empty one, whatever this machine has."""
    return weights_folder
