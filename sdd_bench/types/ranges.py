"""What a number may be, said in the type of a field: `rate: AboveZero[float]`.

A value that a user sets (`--set rate=2e-5`) is held to it; what code makes is not.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar

from annotated_types import Ge, Gt, Le, Lt

Number = TypeVar("Number", int, float)

AboveZero: TypeAlias = Annotated[Number, Gt(0)]
AtLeastZero: TypeAlias = Annotated[Number, Ge(0)]
Share: TypeAlias = Annotated[float, Ge(0), Le(1)]
Cosine: TypeAlias = Annotated[float, Ge(-1), Le(1)]
Decay: TypeAlias = Annotated[float, Gt(0), Lt(1)]
"""What is kept of an average at each step: neither nothing nor all."""
Steps: TypeAlias = Annotated[int, Ge(2), Le(999)]
"""Of a sampler: fewer than the 1,000 noise levels, so that no two are at the same."""
