"""Kills at random instants: what was on the disk is kept, and the same command finishes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from . import world
from .children import finish, start
from .trials import Trial, Verdict
from .world import Scene

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""SIGKILL twice: it is what nobody can prepare for."""


def trials(count: int) -> Iterator[Trial]:
    """Kills of each command in turn."""
    names = list(world.COMMANDS)
    for number in range(count):
        name = names[number % len(names)]
        yield Trial(
            part="kills", name=f"{number:04d}-{name}", play=partial(_play, name=name, seed=number)
        )


def _play(scenes: Mapping[str, Scene], place: Path, *, name: str, seed: int) -> Verdict:
    scene = scenes[name]
    generator = np.random.default_rng(seed)
    number = SIGNALS[int(generator.integers(len(SIGNALS)))]
    folder = scene.fresh(place)
    child = start(folder, scene.arguments, name="killed")
    time.sleep(float(generator.uniform(0, 1.05 * scene.seconds)))
    child.send(number)
    killed = child.wait()
    if rude := killed.rude():
        return Verdict(failure=rude)
    return Verdict(failure=recovered(scene, folder), note=f"{number.name}: exit code {killed.code}")


def recovered(scene: Scene, folder: Path) -> str:
    """Why the same command does not finish what a fault has left, or loses what was there."""
    made, scores = world.pictures(folder), world.known_scores(folder)
    again = finish(folder, scene.arguments)
    if again.code != 0 or again.rude():
        return again.rude() or f"the same command: exit code {again.code}: {again.err[-300:]}"
    remade = [name for name, mark in made.items() if world.pictures(folder).get(name) != mark]
    if remade:
        return f"made again though it was there: {remade[:3]}"
    lost = scores.items() - world.known_scores(folder).items()
    if lost:
        return f"scores that were there are others: {sorted(map(str, lost))[:3]}"
    return world.difference(folder, scene.after)
