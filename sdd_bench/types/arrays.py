"""Arrays by what is in them. Annotations only: naming them loads neither numpy nor torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

Floats: TypeAlias = "NDArray[np.float64]"
Features: TypeAlias = "NDArray[np.float32]"
Pixels: TypeAlias = "NDArray[np.uint8]"

State: TypeAlias = "tuple[Tensor, ...]"
"""What a guidance carries from one U-Net call to the next; empty at the first call."""
