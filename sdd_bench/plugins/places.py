"""Where plugins come from: built-in files, entry points, files of the user's."""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal, TypeAlias

from sdd_bench import files as core_files
from sdd_bench.errors import InputError, unknown

Kind: TypeAlias = Literal["methods", "metrics", "attacks"]


@dataclass(frozen=True, slots=True)
class Source:
    """One place that plugins come from."""

    owner: str
    """For messages: the file, or the entry point and its distribution."""
    read: Callable[[], object]
    """Runs the plugin's code and returns what it holds."""
    optional: bool = False
    """Whether None stands in it where the user has to bring something and hasn't."""


def files(kind: Kind) -> list[str]:
    """The built-in plugin files, without '.py', sorted."""
    package = importlib.import_module(f"sdd_bench.{kind}")
    return sorted(
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if not module.ispkg and not module.name.startswith("_")
    )


def file_source(kind: Kind, file: str) -> Source:
    """What a built-in file holds: the `METHODS`, `METRICS` or `ATTACK` in it."""

    def read() -> object:
        name = "ATTACK" if kind == "attacks" else kind.upper()
        held: object = getattr(importlib.import_module(f"sdd_bench.{kind}.{file}"), name)
        return held

    return Source(f"{kind}/{file}.py", read, optional=True)


def entry_sources(kind: Kind) -> dict[str, list[Source]]:
    """What installed distributions register, by name."""
    sources: dict[str, list[Source]] = {}
    for entry in sorted(entry_points(group=f"sdd_bench.{kind}"), key=_owner):
        sources.setdefault(entry.name, []).append(Source(_owner(entry), entry.load))
    return sources


def _owner(entry: EntryPoint) -> str:
    distribution = entry.dist.name if entry.dist is not None else entry.value
    return f"entry point '{entry.name}' of {distribution}"


def is_path(name: str) -> bool:
    """Whether `name` is `path/to/file.py:Name`. Raises InputError if only the file is given."""
    if name.endswith(".py"):
        raise InputError(f"'{name}' is a file: say which object in it, '{name}:Name'")
    return name.rpartition(":")[0].endswith(".py")


def path_source(name: str) -> Source:
    """The object that `path/to/file.py:Name` names, its file run anew: it may have been edited."""
    file, _, attribute = name.rpartition(":")
    if core_files.too_long(file):
        raise InputError(f"there is no file {file:.100}...: no disk has so long a name")
    path = Path(file).resolve()
    if not path.is_file():
        raise InputError(f"there is no file {file}")
    if not attribute.isidentifier():  # asked before its code runs
        raise InputError(f"'{name}' names no object in {file}: give '{file}:Name'")

    def read() -> object:
        spec = importlib.util.spec_from_file_location(f"sdd_bench_plugin_{path.stem}", path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        # Dataclasses look their own module up to resolve annotations.
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        if not hasattr(module, attribute):
            own = [key for key, value in vars(module).items() if _is_of(value, spec.name)]
            raise AbsentError(str(unknown(f"object of {file}", attribute, own)))
        return getattr(module, attribute)

    return Source(name, read)


class AbsentError(InputError):
    """A file that does not have what was asked of it."""


def _is_of(value: object, module: str) -> bool:
    """Whether it is a class of that module, or an object of one."""
    kind = value if isinstance(value, type) else type(value)
    return kind.__module__ == module
