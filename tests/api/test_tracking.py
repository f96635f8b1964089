"""The values of runs, where people watch their experiments."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sdd_bench.analysis import table
from sdd_bench.api import tracking
from support.definitions import CLIP, NUDE, define, small_run
from support.shell import Shell


def test_tensorboard_gets_each_run_with_its_values(used: Shell) -> None:
    done = used.run("--log", "tensorboard", "--metric", "nude/miniature@0.7")
    assert done.code == 0, done.err
    (folder,) = (used.results / "tensorboard").iterdir()
    assert folder.name.startswith("toy-sd-")
    events = EventAccumulator(str(folder))
    events.Reload()
    names = {"nude/miniature@0.7", "nude/miniature@0.7 low", "nude/miniature@0.7 high"}
    assert set(events.Tags()["scalars"]) == names
    (sent,) = events.Scalars("nude/miniature@0.7")
    assert f"{sent.value:.1f} [" in done.out
    assert "method/text_summary" in events.Tags()["tensors"]


def test_the_others_get_names_that_they_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}
    double = ModuleType("mlflow")
    monkeypatch.setitem(double.__dict__, "is_tracking_uri_set", lambda: True)
    monkeypatch.setitem(double.__dict__, "start_run", lambda run_name: seen.update(name=run_name))
    monkeypatch.setitem(double.__dict__, "log_params", seen.update)
    monkeypatch.setitem(double.__dict__, "log_metrics", lambda values, step: seen.update(values))
    monkeypatch.setitem(double.__dict__, "end_run", lambda: seen.update(ended=True))
    monkeypatch.setitem(sys.modules, "mlflow", double)
    run = small_run(tmp_path)
    tracking.send("mlflow", [run], table.frame([run], [NUDE, CLIP, define("lpips/toy")]))
    assert seen["name"] == f"body-{run.spec.folder.name}"
    assert seen["method"] == "sd"
    assert seen["nude/toy_0.7"] == 75.0  # 3 of 4; MLflow refuses an @
    assert seen["clip/toy"] == 32.0
    assert "lpips/toy" not in seen  # could not be measured
    assert seen["ended"] is True


def test_nobody_gets_anything_unless_asked(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    tracking.send(None, [run], table.frame([run], [NUDE]))
    assert not (tmp_path / "tensorboard").exists()


@pytest.mark.parametrize("command", ["run", "score"])
def test_an_unknown_tracker_is_refused_before_the_work(used: Shell, command: str) -> None:
    (run, *_) = sorted((used.results / "runs").glob("*/*/*"))
    given = {
        "run": ("run", "--method", "sd-neg", "--suite", "country_body"),
        "score": ("score", run),
    }
    line = used.fails(2, *given[command], "--metric", "nude/miniature@0.7", "--log", "tensorbord")
    assert "no tracker named 'tensorbord'. Did you mean 'tensorboard'" in line
