"""Parameters of methods that the user sets: read by their types, checked, and part of the name."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from sdd_bench.errors import InputError, unknown

Plugin = TypeVar("Plugin")
Settings: TypeAlias = Mapping[str, str]
"""Values as they were given, by the name of the parameter: `rate`, or `optimisation.rate`."""

_FINITE = ConfigDict(allow_inf_nan=False)

_KEPT = "concepts"
"""The one field that is no parameter: `--concept` says it."""


def changed(name: str, method: Plugin, settings: Settings) -> tuple[str, Plugin]:
    """The name and the method with those of the parameters that it has.

    The name says what was set: `sdd rate=2e-05`. Raises InputError for a value that does not fit.
    """
    known = dict(_places(method))
    for given in sorted(settings):
        places = _found(given, known)
        if len(places) > 1:
            raise InputError(f"{name} has several {given}: give one of {', '.join(places)}")
        for place in places:
            value = _value(given, settings[given], known[place])
            method = _with(method, place.split("."), value)
            name += f" {place.rpartition('.')[2]}={_shown(value)}"
    return name, method


def check_known(settings: Settings, methods: Iterable[object]) -> None:
    """Raise InputError for a parameter that none of the methods has."""
    known = dict.fromkeys(place for method in methods for place, _ in _places(method))
    for given in settings:
        if not _found(given, known):
            raise unknown("parameter", given, sorted(known))


def _places(value: object, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every parameter of a method by its place, `latents.steps`, with its type."""
    if not is_dataclass(value) or isinstance(value, type):
        return
    types = _types(type(value))
    for each in fields(value):
        held = getattr(value, each.name)
        if is_dataclass(held):
            yield from _places(held, f"{before}{each.name}.")
        elif before or each.name != _KEPT:
            yield f"{before}{each.name}", types.get(each.name, type(held))


def _types(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields with their ranges, as far as its module knows the names."""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):  # of a third party, imported for its type checker only
        return {}


def _found(given: str, known: Iterable[str]) -> list[str]:
    """The places that a name means: its own, or those that end with it."""
    places = list(known)
    return [given] if given in places else [each for each in places if each.endswith(f".{given}")]


def _value(name: str, text: str, kind: Any) -> object:
    """A value of a type, read from text. Raises InputError."""
    if text.lower() == "none" and type(None) in typing.get_args(kind):
        return None
    try:
        value: object = TypeAdapter(kind, config=_FINITE).validate_python(text)
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"])
        raise InputError(
            f"{name} cannot be {text!r:.60}: {reason[0].lower()}{reason[1:]}"
        ) from None
    return value


def _with(value: Any, place: list[str], new: object) -> Any:
    """A dataclass with another value at a place within it. Raises InputError if it refuses that."""
    first, *rest = place
    inner = _with(getattr(value, first), rest, new) if rest else new
    try:
        return replace(value, **{first: inner})
    except ValueError as error:
        raise InputError(f"{'.'.join(place)} cannot be {_shown(new)}: {error}") from error


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
