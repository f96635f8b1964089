"""Disks that are full, folders that are closed, clocks that jump, and memory that is gone."""

from __future__ import annotations

import builtins
import errno
import io
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import world
from .children import Trouble, finish
from .kills import recovered
from .trials import Trial, Verdict
from .world import RESULTS, Scene

WRITING = ("ENOSPC", "EDQUOT", "EACCES", "EROFS", "EIO")
READING = ("EACCES", "EIO", "ESTALE")
JUMPS = (-86400.0, -3600.0, 3600.0, 86400.0 * 400)
"""Seconds that a clock is set by."""


def trials(count: int) -> Iterator[Trial]:
    """Denials of each kind and command in turn."""
    names = list(world.COMMANDS)
    kinds: tuple[Callable[[np.random.Generator], tuple[str, Trouble]], ...] = (
        _write, _read, _clock, _memory,
    )  # fmt: skip
    for number in range(count):
        name, kind = names[number % len(names)], kinds[number // len(names) % len(kinds)]
        what, trouble = kind(np.random.default_rng(number))
        yield Trial(
            part="denials",
            name=f"{number:04d}-{name}-{what}",
            play=partial(_play, name=name, what=what, trouble=trouble),
        )


def _play(
    scenes: Mapping[str, Scene], place: Path, *, name: str, what: str, trouble: Trouble
) -> Verdict:
    scene = scenes[name]
    folder = scene.fresh(place)
    ending = finish(folder, scene.arguments, trouble)
    kind = what.partition("-")[0]
    # A C++ library that gets no memory may end the process, and so may the loader of one (127),
    # which nobody can prevent: a kill.
    aborted = kind == "memory" and ending.code in {-signal.SIGABRT, 127}
    if (rude := ending.rude()) and not aborted:
        return Verdict(failure=rude)
    if ending.code not in {0, 2, 3, 4} and not aborted:
        return Verdict(failure=f"exit code {ending.code}: {ending.err[-300:]}")
    if ending.code == 0 and (wrong := world.difference(folder, scene.after)):
        return Verdict(failure=f"exit code 0, and {wrong}")
    return Verdict(failure=recovered(scene, folder), note=f"{kind}: exit code {ending.code}")


def _write(generator: np.random.Generator) -> tuple[str, Trouble]:
    name = str(generator.choice(WRITING))
    after = int(generator.integers(1, 40))
    return f"write-{name}-{after}", partial(_deny, "wxa+", getattr(errno, name), after)


def _read(generator: np.random.Generator) -> tuple[str, Trouble]:
    name = str(generator.choice(READING))
    after = int(generator.integers(1, 60))
    return f"read-{name}-{after}", partial(_deny, "r", getattr(errno, name), after)


def _clock(generator: np.random.Generator) -> tuple[str, Trouble]:
    jump = float(generator.choice(JUMPS))
    return f"clock-{jump:+.0f}", partial(_jump, jump, float(generator.uniform(0, 3)))


def _memory(generator: np.random.Generator) -> tuple[str, Trouble]:
    megabytes = int(generator.integers(1, 400))
    return f"memory-{megabytes}", partial(_starve, megabytes)


def _deny(modes: str, number: int, after: int) -> None:
    """From the `after`th opening on, files below the results can't be opened so any more."""
    opened, plain = [0], io.open

    def denied(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if f"{os.sep}{RESULTS}{os.sep}" in f"{os.sep}{file}" and set(modes) & set(mode):
            opened[0] += 1
            if opened[0] >= after:
                raise OSError(number, os.strerror(number), str(file))
        return plain(file, mode, *rest, **named)

    io.open = denied
    builtins.open = denied


def _jump(seconds: float, after: float) -> None:
    """The clock on the wall is set, some time after the start; the monotonic one goes on."""
    plain, began = time.time, time.monotonic()

    def jumped() -> float:
        return plain() + (seconds if time.monotonic() - began > after else 0.0)

    time.time = jumped


def _starve(megabytes: int) -> None:
    """So much memory may be taken beyond what is taken already, and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
