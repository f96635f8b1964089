"""What decides the last bits of a model's images beside their identity, known before it is loaded.

Nothing here needs torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdd_bench.files import ContentError
from sdd_bench.runs.identity import COMPILED
from sdd_bench.types import Dtype
from sdd_bench.weights import parts

CPU = "cpu"

CPU_ROWS, CPU_SIDE = 16, 16
"""Rows of a U-Net call on the CPU at latents of so many pixels a side: few, so that few pictures
cost little; more are hardly faster by the row."""

GPU_ROWS, GPU_SIDE = 16, 64
"""Rows of a U-Net call on a GPU at latents of so many pixels a side. They keep it busy (diffusers
publishes 93 rows a second for 8 at once, 97 for 32, of Stable Diffusion on an A100), and 16 images
fill them with any number of branches."""


SMALL = 100_000_000
"""Bytes of a U-Net's weights up to which it is small: threads wait for each other more than they
compute, so that it is computed in one."""


def is_small(folder: Path) -> bool:
    """Whether the model in a folder is small; also where loading it will say what is wrong."""
    try:
        found = parts.find(folder / "unet", "diffusion_pytorch_model")
        return found is not None and sum(path.stat().st_size for path in found.paths) <= SMALL
    except (ContentError, OSError):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a loaded model would say of itself."""

    hash: str
    """SHA-256 of all weights and configurations."""
    dtype_name: Dtype
    numerics: str


@dataclass(frozen=True, slots=True)
class _UNet:
    """What a U-Net's configuration says of its pictures."""

    sample_size: int


def of(
    folder: Path, digest: str, where: str, dtype: str, batch: int | None, *, compiled: bool = False
) -> Profile | None:
    """The profile of the model in a folder, with that hash, on a device: `cpu` or a GPU's name.

    None for a number type that there isn't and for a folder that doesn't say enough: loading the
    model says what is wrong.
    """
    kinds: dict[str, Dtype] = {
        "auto": "float32" if where == CPU else "float16",
        "float16": "float16",
        "float32": "float32",
        "bfloat16": "bfloat16",
    }
    try:
        side = parts.described(folder / "unet" / "config.json", _UNet).sample_size
    except (ContentError, OSError):
        return None
    if dtype not in kinds or side < 1:
        return None
    count = rows(side, batch, on_cpu=where == CPU)
    return Profile(
        hash=digest,
        dtype_name=kinds[dtype],
        numerics=numerics(where, kinds[dtype], count, compiled=compiled),
    )


def numerics(where: str, dtype: str, rows: int, *, compiled: bool = False) -> str:
    """The name of an arithmetic: a device, a number type, the rows of a U-Net call, and whether its
    blocks are compiled.
    """
    return f"{where}-{dtype}-rows{rows}{COMPILED if compiled else ''}"


def rows(latent_side: int, batch: int | None, *, on_cpu: bool) -> int:
    """Rows of one U-Net call: a constant for the size of the latents, so that the user's batch size
    decides about memory and speed alone.

    Only a batch too small to fill them on a GPU, where memory may not do for more, gets fewer:
    those of it with and without text. Bigger latents get fewer rows, small ones up to four times.
    """
    if on_cpu:
        return max(2, CPU_ROWS * CPU_SIDE**2 // latent_side**2)
    count = GPU_ROWS * min(4, max(1, GPU_SIDE // latent_side) ** 2)
    return count if batch is None else min(count, 2 * batch)
