"""Where plugins come from, and whether they can be used. The registry gives them their names.

A plugin's code can do anything when it is run. Whatever goes wrong becomes one InputError that
names the file or the distribution.
"""

from __future__ import annotations

import importlib.util
import math
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal, TypeAlias

from . import files as core_files
from .errors import InputError, SDDBenchError, unknown
from .progress import watch
from .types import (
    AnyAttack,
    Attack,
    AttackOnMethod,
    Definition,
    Edited,
    ImageMetric,
    Method,
    Metric,
    PairMetric,
    SetMetric,
    Trained,
)

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


# --- places -----------------------------------------------------------------------------------


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
            raise _AbsentError(str(unknown(f"object of {file}", attribute, own)))
        return getattr(module, attribute)

    return Source(name, read)


class _AbsentError(InputError):
    """A file that does not have what was asked of it."""


def _is_of(value: object, module: str) -> bool:
    """Whether it is a class of that module, or an object of one."""
    kind = value if isinstance(value, type) else type(value)
    return kind.__module__ == module


# --- loading ----------------------------------------------------------------------------------


def load(source: Source) -> object:
    """What a source holds, classes already called. Raises InputError whatever goes wrong."""
    try:
        with _settings_kept(), watch.bounded(f"loading {source.owner}"):
            return _instance(source.read())
    except (watch.OverdueError, KeyboardInterrupt, _AbsentError):
        raise
    except BaseException as error:
        raise unusable(source, f"{type(error).__name__}: {error}") from error


def as_method(source: Source) -> Method:
    """The source's one method."""
    return checked_method(load(source), source)


def as_metrics(source: Source) -> tuple[Metric, ...]:
    """The source's metrics: one, or a tuple of them; none of an optional one that is not there."""
    found = load(source)
    if found is None and source.optional:
        return ()
    items = found if isinstance(found, tuple) else (found,)
    if not items:
        raise unusable(source, "it holds no metric")
    return tuple(_checked_metric(item, source) for item in items)


def as_attack(source: Source) -> AnyAttack:
    """The source's one attack. Raises InputError for anything else."""
    plugin = load(source)
    name, recorded = type(plugin).__name__, is_dataclass(plugin)
    if not isinstance(plugin, (Attack, AttackOnMethod)):
        search = "find_against" if hasattr(plugin, "find_against") else "find"
        lacking = [part for part in (search, "recipes") if not hasattr(plugin, part)]
        raise unusable(source, f"{name} is no attack, it lacks {' and '.join(lacking)}")
    if not recorded:
        raise unusable(source, f"{name} has a budget that nothing records: make it a dataclass")
    return plugin


def unusable(source: Source, cause: str) -> InputError:
    """The error for a plugin that doesn't work."""
    return InputError(f"{source.owner} cannot be used: {cause}")


def _instance(plugin: object) -> object:
    """An object for a class, also for each one in a tuple."""
    if isinstance(plugin, tuple):
        return tuple(_instance(item) for item in plugin)
    return plugin() if isinstance(plugin, type) else plugin


# --- checks -----------------------------------------------------------------------------------


_PREPARED = (
    ("loss", ("recipes", "optimisation"), Trained),
    ("edit", ("recipes",), Edited),
)
"""What makes a method's weights, what it needs beside it, and what it is then."""


def checked_method(plugin: object, source: Source) -> Method:
    """`plugin`, if it can be used as a method; raises InputError otherwise."""
    name = type(plugin).__name__
    if not isinstance(plugin, Method):
        parts = ("concepts", "branches", "guide")
        lacking = [part for part in parts if not hasattr(plugin, part)]
        raise unusable(source, f"{name} is no method, it lacks {' and '.join(lacking)}")
    for work, needed, kind in _PREPARED:
        # It would run on the model's own weights, under the name of a method that removes.
        if hasattr(plugin, work) and not isinstance(plugin, kind):
            lacking = [part for part in needed if not hasattr(plugin, part)]
            raise unusable(source, f"{name} has `{work}`, but it lacks {' and '.join(lacking)}")
    if getattr(plugin, "__dict__", None) and not is_dataclass(plugin):
        raise unusable(
            source, f"{name} has parameters that no image would record: make it a frozen dataclass"
        )
    return plugin


def _checked_metric(plugin: object, source: Source) -> Metric:
    name = type(plugin).__name__
    kinds = [isinstance(plugin, kind) for kind in (ImageMetric, PairMetric, SetMetric)]
    if not isinstance(plugin, Metric) or sum(kinds) != 1:
        raise unusable(
            source,
            f"{name} is no metric, it needs `definitions` and either `score`, or `compare`, "
            "or `features` and `distance`",
        )
    found = plugin.definitions
    if not found or not all(isinstance(item, Definition) for item in found):
        raise unusable(source, f"the definitions of {name} must be at least one Definition")
    if len({item.measure for item in found}) > 1:
        raise unusable(source, f"the definitions of {name} must share one raw score")
    for item in found:
        if not item.name or not item.name.isprintable() or " " in item.name:
            raise unusable(
                source,
                f"{item.name!r} is no name of a definition: give family/instrument, without blanks",
            )
        if not _named_by_threshold(item):
            raise unusable(source, f"'{item.name}' must end in its threshold, {item.threshold}")
        if not 0 <= item.tolerance < math.inf:
            raise unusable(
                source,
                f"the tolerance of '{item.name}' must be 0 or more and finite, "
                f"not {item.tolerance}",
            )
    return plugin


def _named_by_threshold(item: Definition) -> bool:
    """Whether the name and the field agree about the threshold."""
    _, at, text = item.name.partition("@")
    if item.threshold is None or (item.reads and not at):
        return not at
    try:
        return float(text) == item.threshold
    except ValueError:
        return False


# --- calls ------------------------------------------------------------------------------------


class PluginError(SDDBenchError):
    """A plugin that failed at its work."""


def name_of(plugin: object) -> str:
    """`file.py:Class`, wherever the plugin comes from."""
    kind = type(plugin)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return f"{Path(file).name if file else kind.__module__}:{kind.__name__}"


def is_ours(plugin: object) -> bool:
    """Whether it is one of the built-in methods and metrics."""
    return type(plugin).__module__.startswith("sdd_bench.")


@contextmanager
def calling(plugin: object, part: str, about: str = "") -> Iterator[None]:
    """Turns whatever a plugin raises within it, `sys.exit` too, into a PluginError that names it.

    It is bounded in time (`progress.watch`), and what it sets for the whole process is set back:
    others' numbers would depend on it. Errors of ours, such as weights that are missing, and
    an interrupt pass as they are.
    """
    name = f"{name_of(plugin)}.{part}"
    try:
        with _settings_kept(), watch.bounded(f"{name}{about}"):
            yield
    except (SDDBenchError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise PluginError(f"{name} called sys.exit{about}") from error
    except BaseException as error:
        reason = " ".join(str(error).split())[:_LONGEST]
        said = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        raise PluginError(f"{name} raised {said}{about}") from error


_LONGEST = 200
"""Characters of a plugin's own words in a message."""


@contextmanager
def _settings_kept() -> Iterator[None]:
    """Within it, a plugin may change the folder, numpy's warnings and torch's number types."""
    folder = _folder()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    errors = numpy.geterr() if numpy else {}
    dtype = torch.get_default_dtype() if torch else None
    try:
        yield
    finally:
        if numpy and errors != numpy.geterr():
            numpy.seterr(**errors)
        torch = sys.modules.get("torch")  # the plugin may be the first to import it
        if torch and torch.get_default_dtype() != (dtype or torch.float32):
            torch.set_default_dtype(dtype or torch.float32)
        if folder is not None and _folder() != folder:
            os.chdir(folder)


def _folder() -> Path | None:
    """Where relative paths start; None where that has been removed."""
    with suppress(OSError):
        return Path.cwd()
    return None
