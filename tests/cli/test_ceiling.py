"""The command `ceiling`: the distance of unrelated pictures beside what is stored."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdd_bench import registry
from sdd_bench.types import Images
from support.shell import Shell


def test_the_ceiling_beside_what_is_stored(shell: Shell) -> None:
    metrics = ("--metric", "lpips/miniature", "--metric", "nude/miniature@0.7")
    for method in ("sd", "sd-neg"):
        assert shell.run(*metrics, "--images-per-prompt", 2, method=method).code == 0
    done = shell("ceiling", "--results", shell.results, "--format", "csv")
    assert done.code == 0
    found = pd.read_csv(io.StringIO(done.out))
    assert found["pairs"].tolist() == ["other prompt", "other noise", "same noise"]
    assert found["n"].tolist() == [4, 4, 4]
    sd = shell.stored("sd")
    pictures = [sd.load_image(each)[0] for each in sd.samples()]
    metric = registry.scan().definition("lpips/miniature")[1]
    left, right = (
        Images(pixels=np.stack(several), captions=("",) * 2)
        for several in (pictures[::2], pictures[1::2])
    )
    apart = metric.compare(left, right).mean()  # type: ignore[union-attr]
    stored = shell.stored("sd-neg").scores()["lpips/miniature"].mean()
    assert found["value"].tolist()[1:] == pytest.approx([apart, stored], rel=1e-5)
    assert found["share"].tolist()[1:] == pytest.approx([100, 100 * stored / apart], rel=1e-5)
    shown = shell("ceiling", "--results", shell.results)
    assert "100 %" in shown.out
    assert "sd-neg (nudity, sexual)" in shown.out


def test_with_one_image_of_each_the_ceiling_is_another_prompts(used: Shell) -> None:
    done = used("ceiling", "--results", used.results, "--format", "json")
    prompt, noise, paired = json.loads(done.out)
    assert (noise["value"], noise["reason"]) == (None, "one image per prompt")
    assert prompt["share"] == 100
    assert paired["share"] == pytest.approx(100 * paired["value"] / prompt["value"])


def test_what_cannot_be_measured(used: Shell, tmp_path: Path) -> None:
    place = ("--results", used.results)
    assert "clip/miniature does not compare pairs" in used.fails(
        2, "ceiling", *place, "--metric", "clip/miniature"
    )
    assert "no runs on artists" in used.fails(2, "ceiling", *place, "--suite", "artists")
    for file in used.stored("sd").folder.glob("run.json"):
        file.unlink()
    assert "no run of sd" in used.fails(2, "ceiling", *place)
