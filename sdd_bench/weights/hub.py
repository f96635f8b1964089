"""The Hugging Face hub: whether it may be asked, and whether it answers.

Its client tries for half a minute before it says that there is no network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
"""The environment variables that forbid to ask the hub, as its own client reads them."""

PATIENCE = 5.0
"""Seconds in which the hub has to answer at all."""


def silent() -> str:
    """Why nothing can be had from the hub now; empty if it answers."""
    for variable in VARIABLES:
        if os.environ.get(variable, "").upper() in {"1", "ON", "TRUE", "YES"}:
            return f"{variable} forbids to fetch it"
    import httpx2
    from huggingface_hub import constants

    try:
        httpx2.head(constants.ENDPOINT, timeout=PATIENCE)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return f"{constants.ENDPOINT} cannot be reached ({type(error).__name__})"
    return ""


def has(repo: str) -> bool:
    """Whether the client's cache has something of a model, which it can use without the hub."""
    return (cache(repo) / "snapshots").is_dir()


def cache(repo: str) -> Path:
    """Where the client keeps a model."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, f"models--{repo.replace('/', '--')}")


@contextmanager
def bounded() -> Iterator[str]:
    """Within it, libraries that ask the hub by themselves use what they have if it is silent.

    Yields why it is, as `silent`.
    """
    from huggingface_hub import constants

    before, reason = constants.HF_HUB_OFFLINE, silent()
    constants.HF_HUB_OFFLINE = before or bool(reason)
    try:
        yield reason
    finally:
        constants.HF_HUB_OFFLINE = before
