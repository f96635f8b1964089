"""Weight files: which there are, where they lie, and whether they are what they should be.

A weight has a name. Those of the miniature are shipped, `miniature/<path>`, and listed with their
SHA-256 in a manifest beside them. The others are listed in weights.toml and lie in the folder that
the environment variable SDD_BENCH_WEIGHTS names (default `~/.cache/sdd-bench/weights`), where
`sdd-bench weights fetch` puts them. No file is handed out before its hash has been checked: against
the list, or where that has none against the one recorded at the first fetch.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .errors import MissingError, unknown
from .provenance import sha256_file

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHIPPED = Path(__file__).parent / "miniature" / "weights"
"""The miniature, in the folder format of diffusers, with its judges. Another build of it can be
tried by naming its folder in the environment variable SDD_BENCH_MINIATURE."""

MANIFEST = "manifest.json"

CATALOGUE = Path(__file__).parent / "weights.toml"
"""What there is beside the miniature."""

LOCK = "lock.json"
"""Beside the weights: hashes that were recorded at the first fetch, by path below the folder."""

State: TypeAlias = Literal["missing", "incomplete", "unrecorded", "damaged", "verified"]
"""Of a weight on this disk; 'unrecorded' is there, but nothing says what its hash should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """An address on the web."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A repository of models on the Hugging Face hub."""

    repo: str
    revision: str
    """The commit."""

    def __str__(self) -> str:
        return f"{self.repo} at {self.revision[:12]} on the hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A distribution on the package index; it is unpacked, never installed."""

    name: str
    version: str
    kind: Literal["sdist", "wheel"]
    folder: str
    """Where the files lie inside the archive."""
    size: int | None = None
    """Bytes of the archive."""
    sha256: str | None = None
    """Of the archive; without one the files' own hashes have to do."""

    def __str__(self) -> str:
        return f"the {self.kind} of {self.name} {self.version} on the package index"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a weight."""

    path: str
    """Below the weight's own folder, with forward slashes."""
    size: int | None = None
    """Bytes, where known."""
    sha256: str | None = None
    """Where known beforehand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One weight that is not shipped."""

    name: str
    serves: str
    """The metrics or the model that read it."""
    licence: str
    source: Url | Hub | Package
    files: tuple[File, ...]
    single: bool
    """Whether the weight is its one file and not the folder around it."""

    def place(self, file: File) -> Path:
        """Where a file of it lies, or will."""
        own = folder() / self.name / file.path
        return own if own.is_file() else _installed(self, file) or own


@functools.cache
def catalogue() -> dict[str, Weight]:
    """Every weight that is not shipped, by name, in the order of weights.toml."""
    tables = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {name: _weight(name, table) for name, table in tables.items()}


def named(name: str) -> Weight:
    """The weight of that name. Raises InputError."""
    if name not in catalogue():
        raise unknown("weight", name, catalogue())
    return catalogue()[name]


def folder() -> Path:
    """Where weights that are not shipped lie."""
    return Path(os.environ.get("SDD_BENCH_WEIGHTS") or "~/.cache/sdd-bench/weights").expanduser()


def find(name: str) -> Path:
    """The verified file or folder of a weight. Raises MissingError if absent or damaged."""
    if name == "miniature" or name.startswith("miniature/"):
        root = Path(os.environ.get("SDD_BENCH_MINIATURE", SHIPPED))
        return _shipped(name.removeprefix("miniature").strip("/"), root)
    weight = named(name)
    for file in weight.files:
        path, sha256 = weight.place(file), expected(weight, file)
        if not path.is_file():
            raise MissingError(
                f"the weights '{name}' are not on this machine ({path} is missing): bring them "
                f"with `sdd-bench weights fetch {name}`, or name the folder that has them in "
                "SDD_BENCH_WEIGHTS"
            )
        if sha256 is None:
            raise MissingError(
                f"nothing says what the SHA-256 of {path} should be, so it is not used: have it "
                f"recorded with `sdd-bench weights fetch {name}`"
            )
        _verify(path, sha256, f"bring it again with `sdd-bench weights fetch {name}`")
    return weight.place(weight.files[0]) if weight.single else folder() / name


def expected(weight: Weight, file: File) -> str | None:
    """The SHA-256 that a file must have: of the list, else as recorded; None if there is none."""
    return file.sha256 or recorded(folder()).get(f"{weight.name}/{file.path}")


def recorded(root: Path) -> dict[str, str]:
    """SHA-256 by path, as a weights folder recorded them at the first fetch. MissingError."""
    path = root / LOCK
    try:
        hashes: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["sha256"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MissingError(
            f"the record of hashes {path} cannot be read ({error}): put its copy back, or move it "
            "away and fetch again the weights that it held"
        ) from error
    return hashes


def state(weight: Weight, *, hashing: bool = True) -> State:
    """How a weight is on this disk; without `hashing` 'verified' means that its size is right."""
    found = {_state(weight, file, hashing) for file in weight.files}
    if found == {"missing"}:
        return "missing"
    if "missing" in found:
        return "incomplete"
    worst: State
    for worst in ("damaged", "unrecorded"):
        if worst in found:
            return worst
    return "verified"


def digest(path: Path) -> str:
    """One SHA-256 for a folder of weights: of its files' paths and contents, in sorted order."""
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.suffix in {".json", ".safetensors", ".txt"}):
        if file.name != MANIFEST:
            total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()


def sha256(path: Path) -> str:
    """The SHA-256 of a file, computed once as long as its time and size stay. Raises OSError."""
    status = path.stat()
    return _hash(path, status.st_mtime_ns, status.st_size)


def _weight(name: str, table: dict[str, Any]) -> Weight:
    source: Url | Hub | Package
    if "url" in table:
        source = Url(url=table["url"])
    elif "hub" in table:
        source = Hub(repo=table["hub"], revision=table["revision"])
    else:
        source = Package(**table["package"])
    return Weight(
        name=name,
        serves=table["serves"],
        licence=table["licence"],
        source=source,
        files=tuple(File(**file) for file in table["files"]),
        single=table.get("single", False),
    )


def _installed(weight: Weight, file: File) -> Path | None:
    """The file inside an installed wheel, which is then not fetched a second time."""
    source = weight.source
    if not isinstance(source, Package) or source.kind != "wheel":
        return None
    try:
        path = Path(str(metadata.distribution(source.name).locate_file(source.folder)), file.path)
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _state(weight: Weight, file: File, hashing: bool) -> State:
    path, wanted = weight.place(file), expected(weight, file)
    if not path.is_file():
        return "missing"
    if wanted is None:
        return "unrecorded"
    if hashing:
        return "verified" if sha256(path) == wanted else "damaged"
    return "verified" if file.size in {None, path.stat().st_size} else "damaged"


def _shipped(inside: str, root: Path) -> Path:
    """A file or folder of the miniature, all of it as its manifest says."""
    manifest = _manifest(root)
    wanted = {
        file: sha
        for file, sha in manifest.items()
        if file == inside or not inside or file.startswith(f"{inside}/")
    }
    if not wanted:
        raise MissingError(
            f"the miniature has no weights '{inside}': reinstall sdd-bench, or rebuild them with "
            "`python -m sdd_bench.miniature.train`"
        )
    for file, sha in wanted.items():
        if not (root / file).exists():
            raise MissingError(f"the weight file {root / file} is missing: reinstall sdd-bench")
        _verify(root / file, sha, "reinstall sdd-bench")
    return root / inside


def _manifest(root: Path) -> dict[str, str]:
    path = root / MANIFEST
    try:
        manifest: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingError(
            f"the list of the miniature's weights, {path}, cannot be read ({error}): "
            "reinstall sdd-bench"
        ) from error
    return manifest


@functools.lru_cache(maxsize=256)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return sha256_file(path)


def _verify(path: Path, wanted: str, remedy: str) -> None:
    found = sha256(path)
    if found != wanted:
        raise MissingError(
            f"the weight file {path} is damaged: its SHA-256 is {found}, not {wanted}: {remedy}"
        )
