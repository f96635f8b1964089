"""Named sets of concepts to remove, from prompts/concepts.toml."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from sdd_bench import files
from sdd_bench.errors import unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptSet:
    """One named set."""

    concepts: tuple[str, ...]
    description: str
    source: str
    """Where the wording comes from."""


def catalog() -> dict[str, ConceptSet]:
    """All sets by name, sorted."""
    place = resources.files("sdd_bench.prompts") / "concepts.toml"
    return dict(sorted(files.read_shipped(place, dict[str, ConceptSet]).items()))


def find(name: str) -> tuple[str, ...]:
    """The concepts of a set. Raises InputError with a suggestion."""
    sets = catalog()
    if name not in sets:
        raise unknown("set of concepts", name, sets)
    return sets[name].concepts
