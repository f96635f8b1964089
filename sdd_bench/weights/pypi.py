"""Single files out of distributions on the package index.

The index is the one that pip is configured with. Nothing is installed and no code of the package
runs: pip itself would run the setup.py of a source distribution even to download it.
"""

from __future__ import annotations

import ast
import os
import ssl
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, cast

from sdd_bench.errors import MissingError

from . import downloads

if TYPE_CHECKING:
    from unearth.fetchers import Fetcher, PyPIClient

    from .catalog import Package


def download(package: Package, folder: Path) -> Path:
    """The archive of a distribution, brought into `folder`; not checked here.

    Raises MissingError where the index has no such file, or does not answer.
    """
    import httpx2
    from unearth import PackageFinder
    from unearth.errors import UnpackError

    settings = pip_settings()
    with _client(settings) as web:
        finder = PackageFinder(
            session=cast("Fetcher", web),  # its own client, which its protocol is too narrow for
            index_urls=[settings["index-url"]] if settings.get("index-url") else [],
            ignore_compatibility=True,  # data is the same on every platform
            no_binary=[package.name] if package.kind == "sdist" else [],
            only_binary=[package.name] if package.kind == "wheel" else [],
        )
        if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
            finder.sources.clear()
        for url in settings.get("extra-index-url", "").split():
            finder.add_index_url(url)
        for place in settings.get("find-links", "").split():
            finder.add_find_links(place)
        try:
            best = finder.find_best_match(f"{package.name}=={package.version}").best
        except (httpx2.HTTPError, OSError, UnpackError, ValueError) as error:
            raise MissingError(
                f"the package index cannot be reached ({error}): see what pip is configured with "
                f"(`pip config list`), or {downloads.BY_HAND}"
            ) from error
        if best is None:
            raise MissingError(
                f"{package} is not to be had: the index that pip is configured with does not have "
                "it or does not answer (`pip config list`, PIP_INDEX_URL); or "
                f"{downloads.BY_HAND}"
            )
        archive = folder / PurePosixPath(best.link.filename).name
        downloads.download(best.link.url_without_fragment, archive, web, package.size)
    return archive


def extract(archive: Path, member: str, target: Path, size: int | None = None) -> None:
    """Copy one file out of a wheel or a source distribution to `target`, and nothing else.

    Of a file with more than its `size` in bytes hardly more is copied: its hash is wrong anyway,
    and it may unpack to all the room there is. Raises MissingError if the archive is damaged, lacks
    the file, holds something else under its name, or holds names that lead out of it.
    """
    try:
        with _member(archive, member) as source, target.open("wb") as file:
            while (block := source.read(1 << 20)) and (size is None or file.tell() <= size):
                file.write(block)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise MissingError(f"{archive.name} is damaged ({error}): bring it again") from error


def pip_settings() -> dict[str, str]:
    """What pip is configured with, by long option: of its files and of the environment."""
    found: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines() if listed.returncode == 0 else ():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in found:
            found[section][option] = str(ast.literal_eval(value))
    # An environment without pip in it (uv makes such) still has the variables.
    variables = {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("PIP_")
    }
    return {**found["global"], **found["download"], **found[":env:"], **variables}


@contextmanager
def _client(settings: dict[str, str]) -> Iterator[PyPIClient]:
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    certificate = settings.get("cert")
    indices = f"{settings.get('index-url', '')} {settings.get('extra-index-url', '')}".split()
    with PyPIClient(
        trusted_hosts=settings.get("trusted-host", "").split(),
        verify=ssl.create_default_context(cafile=certificate) if certificate else True,
        timeout=downloads.TIMEOUT,
        follow_redirects=True,
    ) as opened:
        opened.auth = MultiDomainBasicAuth(prompting=False, index_urls=indices)
        yield opened


@contextmanager
def _member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    """One file of an archive, open for reading."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            _check(archive, member, wheel.namelist())
            with wheel.open(member) as source:
                yield source
        return
    with tarfile.open(archive) as tar:
        _check(archive, member, tar.getnames())
        entry = tar.getmember(member)
        # A link would be followed to another member, or to wherever it points.
        source_or_none = tar.extractfile(entry) if entry.isfile() else None
        if source_or_none is None:
            raise MissingError(f"{archive.name} is refused: {member} in it is not a plain file")
        with source_or_none as source:
            yield source


def _check(archive: Path, member: str, names: list[str]) -> None:
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise MissingError(f"{archive.name} is refused: the name {name!r} leads out of it")
    if member not in names:
        raise MissingError(f"{archive.name} holds no {member}")
