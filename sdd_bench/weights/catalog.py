"""Which weight files there are beside the miniature, and where they lie: catalog.toml."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from sdd_bench import files
from sdd_bench.errors import unknown
from sdd_bench.files.environment import named as named_path

CATALOG = Path(__file__).with_name("catalog.toml")
"""What there is beside the miniature."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What catalog.toml says of a weight."""

    serves: str
    licence: str
    files: tuple[File, ...]
    single: bool = False
    url: str | None = None
    hub: str | None = None
    revision: str | None = None
    package: Package | None = None


@functools.cache
def weights() -> dict[str, Weight]:
    """Every weight that is not shipped, by name, in the order of catalog.toml."""
    tables = files.read_shipped(CATALOG, dict[str, _Table])
    return {name: _weight(name, table) for name, table in tables.items()}


def named(name: str) -> Weight:
    """The weight of that name. Raises InputError."""
    if name not in weights():
        raise unknown("weight", name, weights())
    return weights()[name]


def folder() -> Path:
    """Where weights that are not shipped lie."""
    return named_path("SDD_BENCH_WEIGHTS", "~/.cache/sdd-bench/weights")


def _weight(name: str, table: _Table) -> Weight:
    source: Url | Hub | Package
    if table.url is not None:
        source = Url(url=table.url)
    elif table.hub is not None:
        assert table.revision is not None, f"the hub's {name} may change without a revision"
        source = Hub(repo=table.hub, revision=table.revision)
    else:
        assert table.package is not None, f"{name} comes from somewhere"
        source = table.package
    return Weight(
        name=name,
        serves=table.serves,
        licence=table.licence,
        source=source,
        files=table.files,
        single=table.single,
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
