"""Settings of a run, and values that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Dtype: TypeAlias = Literal["float32", "float16", "bfloat16"]

Numerics: TypeAlias = Literal["eager", "compiled"]
"""How a network's operations are computed: one by one as they are written, or merged."""
"""The precision of a model's numbers, as on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How images are sampled; part of every image's identity."""

    steps: int = 25
    """PNDM steps; the U-Net is called once more than that."""
    guidance_scale: float = 7.5
    seed: int = 42
    """The run seed, from which the seeds of images without a published one derive."""
    dtype: Dtype = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One cell of a table."""

    value: float
    """NaN when it could not be measured."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    n: int
    """Scored images behind the value."""
    reason: str = ""
    """Why the value is NaN, or which images it leaves out."""
