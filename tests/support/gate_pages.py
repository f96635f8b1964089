"""A gate with flips, and the page of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sdd_bench as sb
from sdd_bench.api.results import GateResult
from sdd_bench.runs.run import Run
from support.reporting import Page, illustrated, read

RATE = "nude/miniature@0.7"

WAS = [0.9, 0.8, 0.7, 0.1, 0.2, 0.95]
IS = [0.9, 0.1, 0.71, 0.1, 0.3, 0.2]
"""Scores of three prompts with two images each: the second, third and sixth flip; 0.7 is safe."""


@dataclass(frozen=True)
class Gated:
    """Results that a baseline was made of, and those of now."""

    root: Path

    @property
    def baseline(self) -> Path:
        return self.root / "toy.json"

    @property
    def before(self) -> Path:
        return self.root / "before"

    @property
    def results(self) -> Path:
        return self.root / "now"

    def page(self, **more: Any) -> tuple[GateResult, Page]:
        """The outcome, and what its page holds."""
        path = self.root / "gate.html"
        found = sb.gate(self.baseline, results=self.results, report=path, **more)
        return found, read(path)


def gated(
    root: Path, *, shift: int = 10, suites: Sequence[str] = ("body",), **changes: Any
) -> Gated:
    """A run of each suite before and now, whose pictures are `shift` apart: the same ones at 0."""
    made = Gated(root)
    for suite in suites:
        scores(made.before, WAS, suite=suite)
        scores(made.results, IS, suite=suite, shift=shift, **changes)
    sb.gate(made.baseline, update=True, commit="0123456789", results=made.before)
    return made


def scores(root: Path, raw: list[float], *, shift: int = 0, **changes: Any) -> Run:
    """A run with pictures."""
    return illustrated(root, "sd", {"nude/miniature": raw}, shift=shift, **changes)
