"""A trial of a device: does the miniature draw and learn there as it does on the CPU?

What a CPU makes in single precision lies beside the weights. Networks of a few layers that end
where they should on a device have used all that a run uses there: its convolutions and matrix
products, attention, half precision, gradients and the optimizer.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdd_bench import files, models, registry
from sdd_bench.doctor import Diagnosis
from sdd_bench.errors import MissingError, SDDBenchError
from sdd_bench.runs.identity import TrainSpec
from sdd_bench.suites import loading as suites
from sdd_bench.suites import seeds
from sdd_bench.types import Dtype, Floats, Pixels, Sample, Settings
from sdd_bench.weights import store

if TYPE_CHECKING:
    from sdd_bench.diffusion.bundle import Bundle
    from sdd_bench.types import Trained

MODEL = "miniature"

FILE = "trial.safetensors"
"""What lies beside the weights of the miniature."""

SUITES = ("country_body", "miniature/coco30k")
"""Where the prompts are from, PROMPTS of each."""

PROMPTS = 4

STEPS = 3
"""Steps of training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the miniature makes on a device."""

    pixels: Pixels
    """uint8 (N, height, width, 3)."""
    losses: Floats
    """Of each step of training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What that took."""

    images_per_second: float
    peak_mb: float
    """Of the device's memory; on the CPU of the whole process's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far a device may be from the CPU; docs/stable-diffusion.md has the reasons."""

    mean: float
    """Levels of 255 between two pictures, on average over the values of one."""
    share: float
    """Percent of a picture's values that are more than FAR levels off."""
    losses: float
    """Relative, of the sum of the losses."""


FAR = 16
"""Levels of 255 that are seen."""

TOLERANCES: dict[Dtype, Tolerance] = {
    "float32": Tolerance(mean=0.05, share=0.1, losses=0.005),
    "float16": Tolerance(mean=1.0, share=1.0, losses=0.05),
    "bfloat16": Tolerance(mean=6.0, share=5.0, losses=0.2),
}

_REMEDY = (
    "trust no number of this device: update its driver, install the PyTorch that is made for it, "
    "and try again; --device cpu works meanwhile"
)


def examine(device: str) -> list[Diagnosis]:
    """Whether the device can be trusted, in single and in half precision.

    Raises InputError or MissingError for a device that is not there.
    """
    from sdd_bench.diffusion.loading import pick_device

    where = pick_device(device)
    try:
        expected = stored()
    except SDDBenchError as error:
        return [Diagnosis("wrong", f"trial of {where}", str(error), "reinstall sdd-bench")]
    kinds: tuple[Dtype, ...] = ("float32", "float16" if where.type == "cuda" else "bfloat16")
    return [each for dtype in kinds for each in _tried(str(where), dtype, expected)]


def _tried(device: str, dtype: Dtype, expected: Outcome) -> list[Diagnosis]:
    """What a trial in one precision comes to."""
    what = f"{device}, {dtype}"
    try:
        outcome, cost = attempt(device, dtype)
    except Exception as error:  # noqa: BLE001 - a faulty device or driver fails in any way
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return [Diagnosis("wrong", what, f"failed: {reason:.300}", _REMEDY)]
    return [*compare(what, outcome, expected, TOLERANCES[dtype]), _cost(what, cost)]


def compare(
    what: str, outcome: Outcome, expected: Outcome, tolerance: Tolerance
) -> list[Diagnosis]:
    """Pictures and losses held against those of the CPU; the worst picture counts."""
    levels = np.abs(outcome.pixels.astype(int) - expected.pixels).reshape(len(outcome.pixels), -1)
    mean, share = levels.mean(axis=1).max(), 100 * (levels > FAR).mean(axis=1).max()
    total, wanted = outcome.losses.sum(), expected.losses.sum()
    off = abs(total - wanted) / wanted
    drawn = bool(mean <= tolerance.mean and share <= tolerance.share)
    return [
        _finding(
            f"{what}: {len(levels)} pictures",
            f"{mean:.2f} levels from the CPU's (at most {tolerance.mean:g}), {share:.1f} % of "
            f"values beyond {FAR} (at most {tolerance.share:g} %)",
            good=drawn,
        ),
        _finding(
            f"{what}: {len(outcome.losses)} steps of SDD",
            f"losses {100 * off:.2f} % from the CPU's (at most {100 * tolerance.losses:g} %)",
            good=bool(off <= tolerance.losses),
        ),
    ]


def _finding(what: str, found: str, *, good: bool) -> Diagnosis:
    return Diagnosis("right" if good else "wrong", what, found, "" if good else _REMEDY)


def _cost(what: str, cost: Cost) -> Diagnosis:
    found = f"{cost.images_per_second:.3g} images per second, {cost.peak_mb / 1e3:.1f} GB at most"
    return Diagnosis("right", f"{what}: speed", found)


# --- what is stored -----------------------------------------------------------------------------


def stored() -> Outcome:
    """What the CPU made of the weights. Raises MissingError if it was made of others."""
    from safetensors import numpy as arrays

    path = store.find(f"{MODEL}/{FILE}")
    held = arrays.load(files.read(path) or b"")
    if held["model"].tobytes().hex() != models.hash_of(store.find(MODEL)):
        raise MissingError(
            f"{path} is of other weights than those beside it: "
            f"`python -m sdd_bench.miniature.trial --weights {path.parent}` makes it anew"
        )
    return Outcome(pixels=held["pixels"], losses=held["losses"])


def packed(outcome: Outcome, model: str) -> bytes:
    """The content of the file for an outcome of the weights of that hash."""
    from safetensors import numpy as arrays

    tensors: dict[str, Any] = {
        "pixels": outcome.pixels,
        "losses": outcome.losses,
        "model": np.frombuffer(bytes.fromhex(model), dtype=np.uint8),
    }
    return files.in_order(arrays.save(tensors))


# --- the trial ----------------------------------------------------------------------------------


def attempt(device: str, dtype: Dtype) -> tuple[Outcome, Cost]:
    """What the miniature draws and learns on a device."""
    from sdd_bench.diffusion import loading
    from sdd_bench.training import memory

    with loading.single_precision():
        bundle = loading.load(models.find(MODEL), device=device, dtype=dtype)
        pixels, seconds = _draw(bundle)
        losses = _train(bundle)
    cost = Cost(images_per_second=len(pixels) / seconds, peak_mb=memory.peak(bundle.device))
    return Outcome(pixels=pixels, losses=losses), cost


def _draw(bundle: Bundle) -> tuple[Pixels, float]:
    """The pictures, and the seconds they took once the device was warm."""
    from sdd_bench.diffusion import generator
    from sdd_bench.diffusion.denoising import Plan

    plans = [Plan(method=registry.scan().method("sd"), concepts=())]
    settings = Settings(dtype=bundle.dtype_name)
    samples = _samples()
    generator.denoise(bundle, plans, samples, replace(settings, steps=2))
    began = time.perf_counter()
    pictures = list(generator.pictures(bundle, plans, samples, settings))
    seconds = time.perf_counter() - began
    return np.stack([each.pixels for each in pictures]), seconds


def _samples() -> list[Sample]:
    settings = Settings()
    return [
        sample
        for name in SUITES
        for sample in seeds.samples(
            suites.load(name, images_per_prompt=1, limit=PROMPTS), settings.seed
        )
    ]


def _train(bundle: Bundle) -> Floats:
    """The losses of a short training by SDD."""
    from sdd_bench.training import loop

    method: Any = registry.scan().method("sdd")
    recipe: Any = method.recipes[models.find(MODEL).recipe]
    short: Trained = replace(
        recipe,
        optimisation=replace(
            recipe.optimisation, iterations=STEPS, rate=1e-4, schedule="constant", reuse=1
        ),
        # On a long way to a latent half precision ends elsewhere, and so would its loss.
        latents=replace(recipe.latents, steps=2, batch=8),
    )
    spec = TrainSpec(
        model=MODEL, model_hash=bundle.hash, method="sdd", parameters={},
        concepts=recipe.concepts, seed=Settings().seed, numerics="",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = loop.train(bundle, short, spec, Path(folder))
        log = files.read_parquet(path.with_name(loop.LOG))
    assert log is not None, "the training has written it"
    return log["loss"].to_numpy(dtype=np.float64)
