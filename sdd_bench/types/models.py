"""Text-to-image models, and what belongs to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Where a text-to-image model lies, and what belongs to its world."""

    name: str
    """As on the command line."""
    source: str
    """A folder in the diffusers format, or a hub id."""
    revision: str | None = None
    """Pinned commit of a hub id."""
    definitions: tuple[str, ...] = ()
    """The metric definitions scored unless the user names others."""
    further: tuple[str, ...] = ()
    """Those that are scored only on suites that are made for their family."""
    suites: Mapping[str, str] = field(default_factory=dict)
    """Suites that stand in for a name in this world: {"coco30k": "miniature/coco30k"}."""
    images_per_prompt: Mapping[str, int] = field(default_factory=dict)
    """Suites that make do with fewer images per prompt in this world than they ask for."""
    image_side: int = 512
    """Pixels of one side of its pictures."""
    recipe: str | None = None
    """The recipe of trained methods that fits this model better than their own default."""
    concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What methods remove here, by their names, whose own words this model's encoder can't read."""
