"""Finds methods, metrics and attacks: files in their folders, entry points, and files by path.

* A built-in is a file; its name with dashes is the name on the command line. It ends with
  `METHODS`, a dict from name to object, where a preset is called `<file>-<preset>`, or with
  `METRICS`, a tuple of objects. A file of an attack ends with `ATTACK`, the one object. A file that
  starts with '_' is shared code.
* A distribution registers a method (an object, or a class without arguments) under its name in
  the entry-point group `sdd_bench.methods`, metrics (one, or a tuple) in `sdd_bench.metrics`, and
  an attack in `sdd_bench.attacks`.
* `path/to/file.py:Name` names an object, or a class without arguments, in a file.

A plugin that cannot be used never stands in the way of another one: asking for its own name
raises InputError, lists leave it out, and `broken` says why. `scan` looks once; whoever has several
questions asks the registry that it returns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from . import files, plugins
from .errors import InputError, unknown
from .plugins import Source
from .types import AnyAttack, Definition, Method, Metric

Measurement: TypeAlias = tuple[Definition, Metric]
"""A definition, and the metric that takes its raw scores."""


def scan() -> Registry:
    """The plugins there are now. No plugin's code runs before it is asked for."""
    return Registry()


def label(name: str) -> str:
    """The name of a method in results: its own, and for a path `file:Name` without folders."""
    if not plugins.is_path(name):
        return name
    file, _, attribute = name.rpartition(":")
    return f"{Path(file).stem}:{attribute}"


def source_hash(name: str) -> str | None:
    """The SHA-256 of the file of a method given by its path: an edited file is another method."""
    return files.sha256(name.rpartition(":")[0]) if plugins.is_path(name) else None


class Registry:
    """Methods and metrics by name, as one look at files and entry points found them."""

    # --- methods ------------------------------------------------------------------------------

    def methods(self) -> list[str]:
        """The names of all usable methods, sorted."""
        return self._methods[0]

    def method(self, name: str) -> Method:
        """The method called `name`; only the file that may define it is run. Raises InputError."""
        if plugins.is_path(name):
            return plugins.as_method(plugins.path_source(name))
        entries = self._method_entries.get(name, [])
        file = _file_of(name, self._method_files)
        lenient = bool(entries) and file is not None and name != _dashed(file)
        presets = self._presets(file, lenient=lenient) if file else {}
        owners = [source.owner for source in entries]
        if file and name in presets:
            owners.insert(0, plugins.file_source("methods", file).owner)
        if not owners:
            raise unknown("method", name, self.methods())
        if len(owners) > 1:
            raise _clash("method", name, owners)
        return presets[name] if name in presets else plugins.as_method(entries[0])

    @cached_property
    def _method_files(self) -> list[str]:
        return plugins.files("methods")

    @cached_property
    def _method_entries(self) -> dict[str, list[Source]]:
        return plugins.entry_sources("methods")

    @cached_property
    def _methods(self) -> tuple[list[str], dict[str, str]]:
        """The usable names, and why others are not."""
        candidates = list(self._method_entries)
        usable, broken = [], {}
        for file in self._method_files:
            try:
                candidates += self._presets(file)
            except InputError as error:
                broken[f"method {_dashed(file)}"] = str(error)
        for name in sorted(set(candidates)):
            try:
                self.method(name)
            except InputError as error:
                broken[f"method {name}"] = str(error)
            else:
                usable.append(name)
        return usable, broken

    def _presets(self, file: str, *, lenient: bool = False) -> dict[str, Method]:
        """The `METHODS` of a file in methods/; none of one that can't be used, if `lenient`."""
        source = plugins.file_source("methods", file)
        try:
            held = plugins.load(source)
            if not isinstance(held, Mapping) or not held:
                raise plugins.unusable(source, "METHODS must be a dict from names to methods")
            for name in held:
                if _file_of(str(name), self._method_files) != file:
                    raise plugins.unusable(
                        source,
                        f"its methods must be called '{_dashed(file)}' or '{_dashed(file)}-<preset>"
                        f"' and not like another file, but there is '{name}'",
                    )
            return {str(name): plugins.checked_method(item, source) for name, item in held.items()}
        except InputError:
            if lenient:
                return {}
            raise

    # --- metrics ------------------------------------------------------------------------------

    def metrics(self) -> dict[str, tuple[Metric, ...]]:
        """The usable metrics by the name of their file or entry point, sorted."""
        return self._metrics[0]

    def definitions(self) -> dict[str, Measurement]:
        """All usable definitions by name, sorted, each with its metric."""
        return self._definitions[0]

    def definition(self, name: str) -> Measurement:
        """One definition by name; a known rate also answers to a threshold of the user's."""
        known, broken = self._definitions
        if f"definition {name}" in broken:
            raise InputError(broken[f"definition {name}"])
        measurement = known.get(name) or _at_threshold(name, known)
        if measurement is None:
            message = [str(unknown("metric definition", name, known)), *broken.values()]
            raise InputError("; besides, ".join(message))
        return measurement

    def select(self, names: Iterable[str]) -> dict[str, Measurement]:
        """The definitions asked for, in that order; a path stands for all of its metric's."""
        selected: dict[str, Measurement] = {}
        for name in names:
            if plugins.is_path(name):
                for metric in plugins.as_metrics(plugins.path_source(name)):
                    selected |= {item.name: (item, metric) for item in metric.definitions}
            else:
                item, metric = self.definition(name)
                selected[item.name] = item, metric
        return selected

    @cached_property
    def _metrics(self) -> tuple[dict[str, tuple[Metric, ...]], dict[str, str]]:
        """The usable ones by file or entry point, and why others are not."""
        sources = plugins.entry_sources("metrics")
        for file in plugins.files("metrics"):
            sources.setdefault(file, []).insert(0, plugins.file_source("metrics", file))
        usable, broken = {}, {}
        for name, owners in sorted(sources.items()):
            try:
                if len(owners) > 1:
                    raise _clash("metric", name, [source.owner for source in owners])
                usable[name] = plugins.as_metrics(owners[0])
            except InputError as error:
                broken[f"metric {name}"] = str(error)
        return usable, broken

    @cached_property
    def _definitions(self) -> tuple[dict[str, Measurement], dict[str, str]]:
        """The usable definitions, and why others, and whole metrics, are not."""
        usable, broken = dict(self._metrics[0]), dict(self._metrics[1])
        measurements: dict[str, Measurement] = {}
        owners: dict[str, list[str]] = {}
        for owner, metrics in usable.items():
            for metric in metrics:
                for item in metric.definitions:
                    measurements[item.name] = item, metric
                    owners.setdefault(item.name, []).append(f"metric {owner}")
        for name, several in sorted(owners.items()):
            if len(several) > 1:
                del measurements[name]
                broken[f"definition {name}"] = str(_clash("metric definition", name, several))
        return dict(sorted(measurements.items())), broken

    # --- attacks ------------------------------------------------------------------------------

    def attacks(self) -> list[str]:
        """The names of all usable attacks, sorted."""
        return sorted(self._attacks[0])

    def attack(self, name: str) -> AnyAttack:
        """The attack called `name`, or the object that `file.py:Name` names. Raises InputError."""
        if plugins.is_path(name):
            return plugins.as_attack(plugins.path_source(name))
        usable, broken = self._attacks
        if f"attack {name}" in broken:
            raise InputError(broken[f"attack {name}"])
        if name not in usable:
            raise unknown("attack", name, self.attacks())
        return usable[name]

    @cached_property
    def _attacks(self) -> tuple[dict[str, AnyAttack], dict[str, str]]:
        """The usable ones by name, and why others are not."""
        sources = plugins.entry_sources("attacks")
        for file in plugins.files("attacks"):
            sources.setdefault(_dashed(file), []).insert(0, plugins.file_source("attacks", file))
        usable, broken = {}, {}
        for name, owners in sorted(sources.items()):
            try:
                if len(owners) > 1:
                    raise _clash("attack", name, [source.owner for source in owners])
                usable[name] = plugins.as_attack(owners[0])
            except InputError as error:
                broken[f"attack {name}"] = str(error)
        return usable, broken

    # --- all ---------------------------------------------------------------------------------

    def broken(self) -> dict[str, str]:
        """Plugins that cannot be used, and why: one sentence each."""
        return {**self._methods[1], **self._definitions[1], **self._attacks[1]}


def _dashed(file: str) -> str:
    return file.replace("_", "-")


def _file_of(name: str, files: Iterable[str]) -> str | None:
    """The one file that may define `name`: the longest that the name starts with."""
    owners = [file for file in files if f"{name}-".startswith(f"{_dashed(file)}-")]
    return max(owners, key=len, default=None)


def _at_threshold(name: str, known: Mapping[str, Measurement]) -> Measurement | None:
    """`measure@threshold` for a rate that is known at another threshold. Raises InputError for a
    threshold that no score, or every score, is above.
    """
    measure, _, text = name.partition("@")
    rates = [
        (item, metric) for item, metric in known.values() if item.name.startswith(f"{measure}@")
    ]
    if not rates or not _NUMBER.fullmatch(text):
        return None
    threshold, (item, metric) = float(text), rates[0]
    # One threshold, one name: '0.70' is '0.7', which may be known.
    canonical = f"{measure}@{threshold:.12g}"
    asked = replace(item, name=canonical, threshold=threshold)
    if all(0 <= (each.threshold or 0) <= 1 for each, _ in rates):
        _check_share(name, asked, item)
    elif not math.isfinite(threshold):
        return None
    return known.get(canonical, (asked, metric))


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)


def _check_share(name: str, asked: Definition, known: Definition) -> None:
    """Raise InputError if a rate counts every score between 0 and 1, or none of them."""
    import numpy as np

    least, most = asked.counts(np.array([0.0, 1.0]))
    if least or not most:
        raise InputError(
            f"'{name}': the scores lie between 0 and 1, so that this rate would be the same for "
            f"any images: give a threshold between them, as '{known.name}' has"
        )


def _clash(kind: str, name: str, owners: Iterable[str]) -> InputError:
    return InputError(
        f"the {kind} '{name}' is defined twice, by {' and '.join(owners)}: remove one"
    )
