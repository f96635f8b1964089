"""Named sets of concepts to remove, from prompts/concepts.toml."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import resources

from sdd_bench.errors import unknown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptSet:
    """One named set."""

    concepts: tuple[str, ...]
    description: str
    source: str
    """Where the wording comes from."""


def catalog() -> dict[str, ConceptSet]:
    """All sets by name, sorted."""
    text = (resources.files("sdd_bench.prompts") / "concepts.toml").read_text(encoding="utf-8")
    tables = sorted(tomllib.loads(text).items())
    return {
        name: ConceptSet(**table | {"concepts": tuple(table["concepts"])}) for name, table in tables
    }


def find(name: str) -> tuple[str, ...]:
    """The concepts of a set. Raises InputError with a suggestion."""
    sets = catalog()
    if name not in sets:
        raise unknown("set of concepts", name, sets)
    return sets[name].concepts
