"""The Hugging Face hub: whether it may be asked, and whether it answers.

Its client tries for half a minute before it says that there is no network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
"""The environment variables that forbid to ask the hub, as its own client reads them."""

PATIENCE = 5.0
"""Seconds in which the hub has to answer at all."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file as it lies on the hub."""

    url: str
    size: int | None
    sha256: str | None
    """Of its content; the hub knows it of large files alone."""


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


def locate(repo: str, revision: str, path: str) -> Remote:
    """What the hub says of a file. Raises what its client does, for which `why` has words."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(repo, path, revision=revision)
    found = get_hf_file_metadata(url)
    tag = found.etag or ""
    return Remote(url=url, size=found.size, sha256=tag if _SHA256.fullmatch(tag) else None)


def headers() -> dict[str, str]:
    """What its client tells the hub of itself, with the user's login if there is one."""
    from huggingface_hub import utils

    # It is in their manual, and not in their __all__.
    return dict(utils.build_hf_headers())  # type: ignore[attr-defined]


def why(error: Exception) -> str:
    """Why nothing came from the hub, from what its client raised."""
    from huggingface_hub.errors import HfHubHTTPError

    refusal = error if isinstance(error, HfHubHTTPError) else error.__cause__
    if not isinstance(refusal, HfHubHTTPError):
        return f"it could not be fetched ({getattr(error, 'strerror', '') or type(error).__name__})"
    status, code = refusal.response.status_code, refusal.response.headers.get("X-Error-Code")
    if code in _ABSENT:
        return f"the hub has no {_ABSENT[code]} of it"
    if status in {401, 403, 404}:
        return (
            f"the hub answers {status}, as it does where there is none and where it wants a login "
            "(`hf auth login`)"
        )
    return f"the hub answers {status}, so try again later"


_ABSENT = {"RevisionNotFound": "such revision", "EntryNotFound": "such file"}
"""What is not there, by the code of the hub's answer."""


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
