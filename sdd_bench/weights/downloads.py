"""Downloads that go on where they broke off."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import files
from sdd_bench.errors import MissingError
from sdd_bench.progress import BYTES, progress

if TYPE_CHECKING:
    import httpx2

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as lost."""

BY_HAND = "bring the files by hand with `sdd-bench weights fetch NAME --from FOLDER`"
"""What else to do where nothing can be fetched."""


@contextmanager
def client() -> Iterator[httpx2.Client]:
    """A connection to the web as the environment has it (proxies, certificates, netrc)."""
    import httpx2

    with httpx2.Client(timeout=TIMEOUT, follow_redirects=True) as opened:
        yield opened


def download(url: str, target: Path, web: httpx2.Client, size: int | None = None) -> None:
    """Bring `url` to `target`, going on from what an earlier attempt has left at `target`.

    What arrives is not checked here. `size` in bytes is for the progress bar, and spares the
    request if all is there. A connection that breaks is tried again as long as bytes arrive.
    Raises MissingError; what has arrived is kept.
    """
    import httpx2

    target.parent.mkdir(parents=True, exist_ok=True)
    whole = False
    while not whole:
        have = _size(target)
        if have and have == size:
            return
        try:
            _continue(url, target, web, size)
            whole = True
        except httpx2.HTTPStatusError as error:
            raise MissingError(
                f"{_shown(url)} answers {error.response.status_code} "
                f"{error.response.reason_phrase}: try again later, or {BY_HAND}"
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            if _size(target) == have:  # else it was cut short on the way: go on from there
                reason = str(error) or type(error).__name__
                raise MissingError(
                    f"{_shown(url)} cannot be reached ({reason}); what has "
                    f"arrived is kept ({have:,} bytes), so run the same command again, or "
                    f"{BY_HAND}"
                ) from error


def _continue(url: str, target: Path, web: httpx2.Client, size: int | None) -> None:
    have = _size(target)
    # Not compressed: the position in the file would be another than that in the stream.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with web.stream("GET", url, headers=headers) as answer:
        if answer.status_code == 416:  # nothing lies behind what is there
            return
        answer.raise_for_status()
        from_there = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status_code != 206 or not from_there:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            target.open("ab" if have else "wb") as file,
            progress(target.name, total, BYTES, done=have) as advance,
        ):
            for block in answer.iter_bytes():
                file.write(block)
                advance(len(block))
                if size is not None and file.tell() > size:  # its hash is wrong, and it may not end
                    return


@contextmanager
def arriving(name: str, folder: Path, total: int | None = None) -> Iterator[None]:
    """Within it, a bar tells how many bytes the hub's client brings below `folder`.

    That client draws several bars at once in a terminal and none elsewhere, and warns twice of
    each of six attempts: within it, it is silent.
    """
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    log = logging.getLogger("huggingface_hub")
    level, silent = log.level, are_progress_bars_disabled()
    log.setLevel(logging.ERROR)
    if not silent:
        disable_progress_bars()
    there = _arrived(folder, half=False)
    try:
        with progress(name, total, BYTES, done=lambda: _arrived(folder) - there, stays=False):
            yield
    finally:
        log.setLevel(level)
        if not silent:
            enable_progress_bars()


def _arrived(folder: Path, *, half: bool = True) -> int:
    """Bytes of the files below a folder, with or without those that have come in part."""
    total = 0
    for path in files.find(folder, "**/*"):
        with suppress(OSError):  # it may be moved at this moment
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and (half or path.suffix != ".incomplete"):
                total += status.st_size
    return total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _shown(url: str) -> str:
    """The address without a password in it."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else url
