"""What would fail on this machine, and what to do about it. Reads only; needs no network."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeAlias

from .errors import SDDBenchError
from .weights import catalog, store

DoctorState: TypeAlias = Literal["right", "note", "wrong"]

SIGNS: dict[DoctorState, str] = {"right": "ok", "note": "--", "wrong": "!!"}
"""How a finding is marked: in order, something that only some work needs, the default fails."""

MEMORY = 2e9
"""Bytes that a run on the miniature takes at most."""

DISK = 1e9
"""Bytes below which a results folder is soon full."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at."""

    state: DoctorState
    what: str
    found: str
    remedy: str = ""
    """What to do; empty where nothing has to be done."""


def examine(results: Path) -> list[Diagnosis]:
    """Everything that a run depends on, in the order in which it is needed."""
    return [
        Diagnosis("right", "Python", platform.python_version()),
        *_packages(),
        *_device(),
        _memory(),
        _results(results),
        _miniature(),
        *_weights(),
        *_optional(),
    ]


def _packages() -> Iterator[Diagnosis]:
    """The installed packages against the bounds that this one was built with."""
    from packaging.requirements import Requirement

    wrong = False
    needed = 0
    for line in metadata.requires("sdd-bench") or ():
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        needed += 1
        found = _version(requirement.name)
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            wrong = True
            yield Diagnosis(
                "wrong",
                requirement.name,
                f"{found or 'not installed'}, needed: {requirement.specifier}",
                f'python -m pip install "{requirement.name}{requirement.specifier}"',
            )
    if not wrong:
        yield Diagnosis("right", "packages", f"all {needed} within their bounds")


def _device() -> Iterator[Diagnosis]:
    try:
        import torch
    except Exception as error:  # noqa: BLE001 - a broken installation fails in any way
        yield Diagnosis("wrong", "torch", f"cannot be imported: {error}", "reinstall torch")
        return
    yield Diagnosis("right", "torch", torch.__version__)
    for index in range(torch.cuda.device_count()):
        name, memory = torch.cuda.get_device_name(index), torch.cuda.mem_get_info(index)
        yield Diagnosis(
            "right",
            f"cuda:{index}",
            f"{name}, {memory[0] / 1e9:.0f} of {memory[1] / 1e9:.0f} GB free",
        )
    if not torch.cuda.is_available():
        yield Diagnosis(
            "note",
            "device",
            f"CPU only, {os.cpu_count()} threads",
            "enough for the miniature; a model of the size of sd-v1-4 wants a CUDA device",
        )


def _memory() -> Diagnosis:
    import psutil

    memory = psutil.virtual_memory()
    found = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    if memory.available < MEMORY:
        return Diagnosis("note", "memory", found, "close something, or give a smaller --batch-size")
    return Diagnosis("right", "memory", found)


def _results(results: Path) -> Diagnosis:
    """Whether the folder of runs, or the nearest one above that exists, takes a file."""
    what = f"results folder {results}"
    place = results.absolute()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Diagnosis(
            "wrong", what, f"cannot be written: {error.strerror}", "name another with --results"
        )
    free = shutil.disk_usage(place).free
    found = f"can be written, {free / 1e9:.0f} GB free"
    if free < DISK:
        return Diagnosis("note", what, found, "make room, or name another with --results")
    return Diagnosis("right", what, found)


def _miniature() -> Diagnosis:
    try:
        store.find("miniature")
    except SDDBenchError as error:
        return Diagnosis("wrong", "the miniature", str(error), "reinstall sdd-bench")
    return Diagnosis("right", "the miniature", "verified")


def _weights() -> Iterator[Diagnosis]:
    """Every weight that is not shipped, with its hash computed if it is here."""
    for name, weight in catalog.weights().items():
        what = f"{name} (for {weight.serves})"
        try:
            state = store.state(weight)
        except (SDDBenchError, OSError) as error:
            yield Diagnosis("note", what, str(error))
            continue
        if state == "verified":
            yield Diagnosis("right", what, "verified")
        else:
            yield Diagnosis("note", what, state, f"sdd-bench weights fetch {name}")


def _optional() -> Iterator[Diagnosis]:
    for package, purpose in {
        "nudenet": "brings the 320n detector (AGPL-3.0)",
        "matplotlib": "figure, pictures of curves, rebuilding the miniature",
        "ray": "--engine ray",
        "tensorboard": "train --log tensorboard",
        "wandb": "train --log wandb",
        "mlflow": "train --log mlflow",
    }.items():
        found = _version(package)
        if found:
            yield Diagnosis("right", package, f"{found} ({purpose})")
        else:
            remedy = f"python -m pip install {package}"
            yield Diagnosis("note", package, f"not installed, optional ({purpose})", remedy)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
