"""The miniature, or a copy of it, loaded on the CPU."""

from __future__ import annotations

from pathlib import Path

from sdd_bench import models
from sdd_bench.diffusion import loading
from sdd_bench.diffusion.bundle import Bundle


def load(folder: Path | str) -> Bundle:
    """A model by its name or folder."""
    return loading.load(models.find(str(folder)), device="cpu")
