"""A model as an edit sees it, small and drawn at random; and an edit from a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdd_bench import registry
from sdd_bench.types import Edited

TOKENS, WIDTH = 9, 40


def _matrices() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(7)
    shapes = {"a.attn2.to_k.weight": 10, "a.attn2.to_v.weight": 10, "b.attn2.to_v.weight": 16}
    return {
        name: torch.randn(out, WIDTH, generator=generator, dtype=torch.float64)
        for name, out in shapes.items()
    }


@dataclass(frozen=True)
class Toy:
    """An `Editable` without a network: the first state is the same in all texts, as behind a causal
    mask, and a text has as many tokens as words.
    """

    concepts: tuple[str, ...] = ("nudity",)
    matrices: dict[str, Tensor] = field(default_factory=_matrices)

    def states(self, text: str) -> Tensor:
        seed = sum(place * ord(letter) for place, letter in enumerate(text.strip(), 1))
        drawn = torch.randn(
            TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        drawn[0] = torch.linspace(-1, 2, WIDTH)
        return drawn

    def last(self, text: str) -> int:
        return len(text.split())


def method(name: str, of: str = "paper") -> Any:
    """A recipe of an edited method."""
    found = registry.scan().method(name)
    assert isinstance(found, Edited)
    return found.recipes[of]


RECIPES = [
    (name, of)
    for name in ("uce", "rece", "speed")
    for of in registry.scan().method(name).recipes  # type: ignore[attr-defined]
]


PROJECT = '''
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Project:
    """What each concept adds to the empty text is taken out of keys and values."""

    share: float = 1.0
    concepts: tuple[str, ...] = ("nudity",)

    @property
    def recipes(self):
        return {"whole": Project(), "half": Project(share=0.5)}

    def branches(self, prompt, concepts):
        return "", prompt

    def guide(self, call, noise, scale, state):
        empty, prompt = noise
        return empty + scale * (prompt - empty), state

    def edit(self, model, generator):
        empty = model.states("").mean(0)
        added = torch.stack([model.states(each).mean(0) - empty for each in model.concepts])
        basis = torch.linalg.qr(added.T).Q
        return {
            name: matrix - self.share * matrix @ basis @ basis.T
            for name, matrix in model.matrices.items()
        }
'''


def project(folder: Path, instead: str = "") -> str:
    """The edit in a file of its own, by its name for `--method`. `instead`: what it returns."""
    path = folder / "project.py"
    head, _, tail = PROJECT.partition("        return {\n            name: matrix")
    assert tail
    path.write_text(f"{head}        return {instead}\n" if instead else PROJECT)
    return f"{path}:Project"
