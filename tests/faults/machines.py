"""Two machines on one folder: neither can ask whether the other's processes still run.

Each process of a trial says that it is on a machine of its own, so all that it knows of the other
one is what lies in the folder.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from sdd_bench.runs import claims, processes

from . import world
from .children import start
from .kills import recovered
from .trials import Trial, Verdict
from .world import Scene

BEAT, LEASE = 0.5, 6.0
"""Seconds, as in `claims`, where nobody can wait for a minute and a half."""


def trials(count: int) -> Iterator[Trial]:
    """The same command on two machines; in every second trial one of them is lost."""
    names = list(world.COMMANDS)
    for number in range(count):
        name, lost = names[number // 2 % len(names)], number % 2 == 0
        yield Trial(
            part="machines",
            name=f"{number:04d}-{name}{'-lost' if lost else ''}",
            play=partial(_play, name=name, lost=lost, seed=number),
        )


def on(machine: str) -> None:
    """Let this process be on a machine of that name."""
    processes.machine.cache_clear()
    processes.machine = lambda: machine  # type: ignore[assignment]  # it takes no cache to say it
    claims.BEAT, claims.LEASE = BEAT, LEASE


def _play(scenes: Mapping[str, Scene], place: Path, *, name: str, lost: bool, seed: int) -> Verdict:
    scene = scenes[name]
    generator = np.random.default_rng(seed)
    folder = scene.fresh(place)
    children = []
    for machine in ("first", "second"):
        trouble = partial(on, machine)
        children.append(start(folder, scene.arguments, name=machine, trouble=trouble))
        time.sleep(float(generator.uniform(0, 0.5 * scene.seconds)))
    if lost:
        time.sleep(float(generator.uniform(0, 0.5 * scene.seconds)))
        children[0].send(signal.SIGKILL)
        children[0].wait()
    there = world.pictures(folder)
    for ending in (child.wait() for child in children):
        if rude := ending.rude():
            return Verdict(failure=rude)
        if ending.code not in {0, -signal.SIGKILL}:
            return Verdict(failure=f"exit code {ending.code}: {ending.err[-300:]}")
    again = [each for each, mark in there.items() if world.pictures(folder).get(each) != mark]
    if again:
        return Verdict(failure=f"made again though it was there: {again[:3]}")
    # What is left finishes by itself, without the command being given again.
    failure = world.difference(folder, scene.after) or recovered(scene, folder)
    return Verdict(failure=failure, note="one of two lost" if lost else "two machines")
