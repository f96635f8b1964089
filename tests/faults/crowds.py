"""Two and three processes on one folder: nothing is lost, and little is done twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from . import world
from .children import Ending, start
from .kills import recovered
from .trials import Trial, Verdict
from .world import Scene


def trials(count: int) -> Iterator[Trial]:
    """The same command two or three times, in every second trial with one of them killed."""
    names = list(world.COMMANDS)
    for number in range(count):
        name, size = names[number % len(names)], 2 + number // len(names) % 2
        killed = number // (2 * len(names)) % 2 == 1
        yield Trial(
            part="crowds",
            name=f"{number:04d}-{name}-{size}{'-killed' if killed else ''}",
            play=partial(_play, name=name, size=size, killed=killed, seed=number),
        )


def _play(
    scenes: Mapping[str, Scene], place: Path, *, name: str, size: int, killed: bool, seed: int
) -> Verdict:
    scene = scenes[name]
    generator = np.random.default_rng(seed)
    folder = scene.fresh(place)
    children = []
    for number in range(size):
        children.append(start(folder, scene.arguments, name=f"crowd-{number}"))
        time.sleep(float(generator.uniform(0, 0.3 * scene.seconds)))
    if killed:
        time.sleep(float(generator.uniform(0, 0.5 * scene.seconds)))
        children[0].send(signal.SIGKILL)
    endings = [child.wait() for child in children]
    failure = _misbehaved(endings)
    if not failure and not killed:
        failure = world.difference(folder, scene.after)
    return Verdict(failure=failure or recovered(scene, folder), note=f"{size} processes")


def _misbehaved(endings: list[Ending]) -> str:
    for ending in endings:
        if rude := ending.rude():
            return rude
        if ending.code not in {0, -signal.SIGKILL}:
            return f"exit code {ending.code}: {ending.err[-300:]}"
    return ""
