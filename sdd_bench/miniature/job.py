"""One rebuild of the miniature: its stages, and what is kept of each between two calls.

A stage is kept under a hash of all that it depends on: its plan, its code, its pictures and
captions, and the stages before it. What changes none of these is not done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from . import data
from .loop import Plan
from .stages.unet import Cycle

PLANS = {
    "clip": Plan(steps=1800, batch=128, rate=1e-3),
    "autoencoder": Plan(steps=3000, batch=16, rate=2e-3, ema=0.995),
    "classifier": Plan(steps=1500, batch=64, rate=2e-3),
    "features": Plan(steps=2500, batch=64, rate=2e-3),
    "shows": Plan(steps=5000, batch=64, rate=2e-3, ema=0.995),
    "unet": Plan(steps=7000, batch=64, rate=1.2e-3, ema=0.998),
    "refined": Plan(steps=5000, cycle=8000, batch=64, rate=1e-3, ema=0.999),
    "calibrated": Plan(steps=2500, batch=64, rate=6e-4, ema=0.998),
    "overlapping": Plan(steps=1500, batch=64, rate=8e-4, ema=0.997),
    "settled": Plan(steps=1400, batch=48, rate=4e-4, ema=0.99),
}
"""How each network learns."""

CYCLES = {
    "unet": Cycle("train", boost=1),
    "refined": Cycle("refine", boost=5),
    "calibrated": Cycle("calibrate", boost=5, trust=0.45),
    "overlapping": Cycle("overlap", boost=3),
    "settled": Cycle("overlap", boost=3, trust=0.36, contrasts=12, lift=1.45),
}
"""The U-Net's cycles, each from the weights of the one before."""

JUDGES = ("classifier", "features", "shows")
"""Networks that learn from renders and their reconstructions."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Job:
    """One rebuild: where it works and how much of everything it does."""

    work: Path
    examples: int
    plans: Mapping[str, Plan]
    keys: Mapping[str, str]
    """Of each stage and of what is `encoded`, ten digits of the hash of what it depends on."""

    @classmethod
    def of(cls, work: Path, examples: int, plans: Mapping[str, Plan]) -> Job:
        """A rebuild in a work folder, where all pictures are drawn that its stages depend on."""
        work.mkdir(parents=True, exist_ok=True)
        keys: dict[str, str] = {}
        for stage in plans:
            before = [keys[each] for each in _before(stage)]
            parts = _seen(stage, data.digests(_split(stage), examples, work))
            if stage in CYCLES:
                keys[encoded(stage)] = _hash([*parts, keys["clip"], keys["autoencoder"]])
            known = [repr(plans[stage]), repr(CYCLES.get(stage)), str(examples)]
            keys[stage] = _hash([stage, *known, _code(stage), *parts, *before])
        return cls(work, examples, plans, keys)

    def folder(self, stage: str) -> Path:
        """Where a stage keeps its state, or what is encoded lies."""
        folder = self.work / f"{stage}-{self.keys[stage]}"
        folder.mkdir(exist_ok=True)
        return folder

    def path(self, stage: str) -> Path:
        """The finished weights of a stage."""
        return self.work / f"{stage}-{self.keys[stage]}.safetensors"

    def finish(self, stage: str, model: nn.Module) -> None:
        """Record a stage as done, in half precision: later stages learn from what is shipped."""
        partial = self.work / f"{stage}.partial"
        state = model.half().state_dict()
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, partial)
        partial.rename(self.path(stage))


def encoded(cycle: str) -> str:
    """What the examples of a cycle of the U-Net are called as latents and text states."""
    return f"encoded-{CYCLES[cycle].split}"


def _split(stage: str) -> str:
    """The examples that a stage learns from."""
    return CYCLES[stage].split if stage in CYCLES else "train"


def _seen(stage: str, made: data.Digests) -> Sequence[str]:
    """What a stage sees of its examples."""
    if stage == "autoencoder":
        return (made.pictures,)
    if stage in JUDGES:
        return made.pictures, made.scenes
    return made.pictures, made.scenes, made.captions


def _before(stage: str) -> Sequence[str]:
    """The stages whose weights a stage needs."""
    if stage in JUDGES:
        return ("autoencoder",)
    if stage not in CYCLES:
        return ()
    earlier = list(CYCLES)[: list(CYCLES).index(stage)]
    return ("clip", "autoencoder", *earlier[-1:])


def _code(stage: str) -> str:
    """A hash of the code that a stage runs."""
    own = "judges" if stage in JUDGES else "unet" if stage in CYCLES else stage
    names = ["architecture.py", "loop.py", "stages/batches.py", f"stages/{own}.py"]
    if stage in CYCLES and CYCLES[stage].contrasts:
        names += ["stages/settling.py", "renderer/captions.py"]
    return _hash([(_HERE / name).read_text(encoding="utf-8") for name in names])


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]
