"""The drill in short: some faults of each kind. `make drill` tries them by the hundred."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import pytest

from faults import crowds, denials, flips, kills, machines, world
from faults.drill import played
from faults.trials import Trial
from faults.world import Scene


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Scene]:
    return world.build(tmp_path_factory.mktemp("drill") / "scenes")


def short(trial: Trial) -> object:
    return pytest.param(trial, id=trial.key)


SHORT = [
    *map(short, kills.trials(6)),
    *map(short, crowds.trials(1)),
    *map(short, machines.trials(1)),
    *map(short, islice(denials.trials(24), 0, 24, 7)),
    *map(short, flips.trials(20)),
]
"""Some of each command and kind."""


@pytest.mark.slow
@pytest.mark.parametrize("trial", SHORT)
def test_a_fault_loses_nothing_and_changes_no_number(
    trial: Trial, scenes: Mapping[str, Scene], tmp_path: Path
) -> None:
    assert played(trial, scenes, tmp_path / "trial").failure == ""
