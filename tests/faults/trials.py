"""A trial: one fault in one place, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .world import Scene


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of a fault."""

    failure: str = ""
    """What was lost, wrong or rude; empty if nothing was."""
    note: str = ""
    """How the fault ended, a word or two: they are counted."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A fault that is the same whenever it is tried."""

    part: str
    """The kind of fault, a name of the drill's parts."""
    name: str
    play: Callable[[Mapping[str, Scene], Path], Verdict]
    """Tries it in an empty folder."""

    @property
    def key(self) -> str:
        """A name by which a drill that goes on knows what was tried."""
        return f"{self.part}/{self.name}"
