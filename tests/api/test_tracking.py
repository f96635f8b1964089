"""The values of runs, where people watch their experiments."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sdd_bench.analysis import table
from sdd_bench.api import tracking
from sdd_bench.api.results import RunResult
from sdd_bench.progress import bar, progress
from sdd_bench.runs.run import Run
from sdd_bench.types import Definition
from support.clock import Clock
from support.definitions import CLIP, NUDE, define, small_run
from support.runs import run_spec
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


class Double:
    """A tracker that remembers what it was told; the one named `refusing` takes nothing."""

    refusing = ""

    def __init__(self, kind: str | None, folder: Path, name: str) -> None:
        self.kind, self.folder, self.name = kind, folder, name
        self.about: dict[str, str] = {}
        self.rows: list[tuple[int, dict[str, float]]] = []
        self.closed = False
        DOUBLES.append(self)

    def describe(self, about: Mapping[str, str]) -> None:
        self.about |= about

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        if self.refusing and self.name.startswith(self.refusing):
            raise ConnectionError("nobody is there\nand more")
        self.rows.append((iteration, dict(values)))

    def close(self) -> None:
        self.closed = True


DOUBLES: list[Double] = []


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> list[Double]:
    """The trackers of the test, in the order in which they were opened."""
    DOUBLES.clear()
    monkeypatch.setattr(tracking, "tracker", Double)
    return DOUBLES


def shown(runs: Sequence[Run], definitions: Sequence[Definition]) -> RunResult:
    page = table.page(table.frame(runs, definitions))
    return RunResult(pages=(page,), runs=tuple(runs))


def test_a_run_is_told_with_its_identity_and_the_values_there_are(
    tmp_path: Path, doubles: list[Double]
) -> None:
    run = small_run(tmp_path)
    log = tracking.Log("wandb", tmp_path, "sd")
    assert log.sent(shown([run], [NUDE, CLIP, define("lpips/toy")])) == []
    (told,) = doubles
    assert (told.folder, told.name) == (tmp_path, f"body-{run.spec.folder.name}")
    assert told.closed
    assert told.about["digest"] == run.spec.digest
    assert told.about["model_hash"] == "a" * 64
    assert json.loads(told.about["settings"])["steps"] == run.spec.settings.steps
    ((step, values),) = told.rows
    assert step == 0
    assert values["nude/toy@0.7"] == 75.0  # 3 of 4
    assert values["clip/toy"] == 32.0
    assert not [name for name in values if name.startswith("lpips/toy")]  # none was measured
    assert not [name for name in values if math.isnan(values[name])]


def test_a_run_that_lies_elsewhere_is_told_beside_it(tmp_path: Path, doubles: list[Double]) -> None:
    run = Run(shutil.copytree(small_run(tmp_path).folder, tmp_path / "copy"), run_spec())
    assert tracking.Log("wandb", tmp_path, "sd").sent(shown([run], [NUDE])) == []
    assert doubles[0].folder == tmp_path
    assert tracking.Log.of_runs("wandb", [run]).folder == tmp_path


def test_how_far_the_work_is_is_told_now_and_then(
    tmp_path: Path, doubles: list[Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(bar, "clock", clock)
    monkeypatch.setattr(tracking, "clock", clock)
    with (
        tracking.Log("wandb", tmp_path, "sd on a/b.csv").followed(),
        progress("sd on b", 100) as advance,
    ):
        for seconds in (10, 30, 10):
            clock.now += seconds
            advance(20)
    (told,) = doubles
    assert told.name == "progress-sd-on-a-b.csv"
    assert told.closed
    # After 40 seconds, and when it ended after 50; the first 10 are too few for a row.
    assert told.rows == [
        (0, {"sd on b: images": 40, "sd on b: images per second": 1.0}),
        (1, {"sd on b: images": 60, "sd on b: images per second": 1.2}),
    ]


def test_who_does_not_answer_stops_no_work_and_is_not_asked_again(
    used: Shell, doubles: list[Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Double, "refusing", "progress")
    done = used.run("--log", "tensorboard", "--seed", 1, "--metric", "nude/miniature@0.7")
    assert done.code == 0, done.err
    assert done.err.count("tensorboard was not told of the progress: nobody is there\n") == 1
    assert [told.name.partition("-")[0] for told in doubles] == ["progress", "toy"]
    assert doubles[1].rows


def test_values_that_are_not_taken_are_a_fault_below_the_table(
    used: Shell, doubles: list[Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Double, "refusing", "toy")
    done = used.run("--log", "tensorboard", "--metric", "nude/miniature@0.7")
    line = "error: tensorboard did not take the values: nobody is there; all else is done and kept"
    assert done.failure(4) == line
    assert "nude/miniature@0.7" in done.out
    assert doubles[0].closed


def test_what_there_is_is_told_when_a_metric_has_failed(used: Shell, doubles: list[Double]) -> None:
    (used.folder / "broken.py").write_text(BROKEN)
    done = used.run(
        "--log", "tensorboard", "--metric", "nude/miniature@0.7",
        "--metric", f"{used.folder / 'broken.py'}:Broken",
    )  # fmt: skip
    assert "no such luck" in done.failure(4)
    (told,) = [each for each in doubles if not each.name.startswith("progress")]
    ((_, values),) = told.rows
    assert "nude/miniature@0.7" in values


BROKEN = """
from sdd_bench.types import Definition


class Broken:
    definitions = (Definition(name="x/broken", better="lower", tolerance=1.0, source="none"),)

    def score(self, images):
        raise RuntimeError("no such luck")
"""


def test_nobody_gets_anything_unless_asked(tmp_path: Path, doubles: list[Double]) -> None:
    log = tracking.Log(None, tmp_path, "sd")
    with log.followed(), progress("sd", 1) as advance:
        advance(1)
    assert log.sent(shown([small_run(tmp_path)], [NUDE])) == []
    assert doubles == []


@pytest.mark.parametrize("command", ["run", "score"])
def test_an_unknown_tracker_is_refused_before_the_work(used: Shell, command: str) -> None:
    (run, *_) = sorted((used.results / "runs").glob("*/*/*"))
    given = {
        "run": ("run", "--method", "sd-neg", "--suite", "country_body"),
        "score": ("score", run),
    }
    line = used.fails(2, *given[command], "--metric", "nude/miniature@0.7", "--log", "tensorbord")
    assert "no tracker named 'tensorbord'. Did you mean 'tensorboard'" in line
