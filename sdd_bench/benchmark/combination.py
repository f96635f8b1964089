"""Combinations of methods as one name: `sdd+sld-medium`, `esd-x-3+neg`, `uce(nudity)+uce(blood)`.

Parts are read from left to right. One that trains or edits starts from the weights that the part
before it leaves; one that guides runs on them, and is the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sdd_bench import files, plugins
from sdd_bench.errors import InputError
from sdd_bench.types import Method, Prepared

MOST = 8
"""Parts of a combination at most."""

SHORT = {"neg": "sd-neg"}
"""Methods that have a shorter name in a combination: there it is no undefended model that they
guide."""

_PLUS = re.compile(r"\+(?![^(]*\))")
"""What joins parts; one within parentheses is a concept's."""

_WITH_CONCEPTS = re.compile(r"(?P<name>[^()]+)\((?P<concepts>.*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One method of a combination, or the only one of a plain name."""

    name: str
    """As the registry knows it."""
    concepts: tuple[str, ...] = ()
    """What this part alone removes; empty: what all are asked to remove, or its own."""

    @property
    def given(self) -> str:
        """The concepts as they were written, `(nudity; blood)`; empty if none were."""
        return written(self.concepts)


def written(concepts: tuple[str, ...]) -> str:
    """Concepts as they stand behind a part's name; empty if there are none."""
    return f"({'; '.join(concepts)})" if concepts else ""


def parts(name: str) -> tuple[Part, ...]:
    """The parts of a method's name, one for a plain one. Raises InputError."""
    texts = [name] if _is_one_file(name) else [text.strip() for text in _PLUS.split(name)]
    if len(texts) > MOST:
        raise InputError(f"'{name:.60}...' has {len(texts)} parts, and a combination up to {MOST}")
    if len(texts) > 1 and not all(texts):
        raise InputError(f"'{name}' has an empty part: a combination is like 'sdd+sld-medium'")
    found = [_part(name, text) for text in texts]
    if len(found) == 1:
        return tuple(found)
    return tuple(
        Part(name=SHORT.get(each.name, each.name), concepts=each.concepts) for each in found
    )


def beginning(name: str) -> str:
    """What stands before the last plus of a combination, be it unfinished; empty without one."""
    *_, last = 0, *(plus.start() for plus in _PLUS.finditer(name))
    return name[:last]


def label(name: str) -> str:
    """A part's name as the combination has it."""
    return next((short for short, own in SHORT.items() if own == name), name)


def check(name: str, methods: list[tuple[Part, Method]]) -> None:
    """Raise InputError where parts cannot be combined: two that guide, one that guides before one
    that makes weights, and the model as it is, which adds nothing.
    """
    guiding = [part.name for part, method in methods if not isinstance(method, Prepared)]
    for part, method in methods:
        if not isinstance(method, Prepared) and not method.concepts:
            raise InputError(f"'{name}': '{part.name}' removes nothing: leave it out")
    if len(guiding) > 1:
        raise InputError(
            f"'{name}': {' and '.join(map(repr, guiding))} both guide, and a picture is guided by "
            "one method: leave one out"
        )
    if guiding and guiding[0] != methods[-1][0].name:
        raise InputError(
            f"'{name}': '{guiding[0]}' guides and leaves no weights to go on from: write it last"
        )


def _is_one_file(name: str) -> bool:
    """Whether a plus or a parenthesis is of a folder or file."""
    file, _, attribute = name.rpartition(":")
    if not plugins.is_path(name) or files.too_long(file):
        return False
    return attribute.isidentifier() and Path(file).is_file()


def _part(whole: str, text: str) -> Part:
    if "(" not in text or _is_one_file(text):
        return Part(name=text)
    match = _WITH_CONCEPTS.fullmatch(text)
    concepts = [each.strip() for each in match["concepts"].split(";")] if match else []
    if match is None or not all(concepts):
        raise InputError(
            f"'{whole}': a part with concepts of its own is like 'uce(nudity)', or "
            "'uce(nudity; blood)' for several"
        )
    return Part(name=match["name"].strip(), concepts=tuple(concepts))
