"""The values that a device is compared with are made by one command, which other weights need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench.benchmark import trial as trials
from sdd_bench.miniature import trial
from support.miniature import check_manifest


def test_one_command_makes_them_anew(
    copied_miniature: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trials.Outcome(
        pixels=np.full((8, 64, 64, 3), 7, dtype=np.uint8), losses=np.array([0.5, 0.25, 0.125])
    )
    asked = []

    def attempt(device: str, dtype: str) -> tuple[trials.Outcome, trials.Cost]:
        asked.append((device, dtype))
        return made, trials.Cost(images_per_second=1.0, peak_mb=1.0)

    monkeypatch.setattr(trials, "attempt", attempt)
    trial.main(["--weights", str(copied_miniature)])
    assert asked == [("cpu", "float32")]
    check_manifest(copied_miniature)
    stored = trials.stored()
    assert (stored.pixels == made.pixels).all()
    assert stored.losses.tolist() == [0.5, 0.25, 0.125]
    first = (copied_miniature / trials.FILE).read_bytes()
    trial.main(["--weights", str(copied_miniature)])
    assert (copied_miniature / trials.FILE).read_bytes() == first
