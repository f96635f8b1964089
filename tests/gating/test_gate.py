"""The gate in one call: what it judges, what it writes and what it refuses."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sdd_bench import registry
from sdd_bench.errors import InputError
from sdd_bench.gating import baseline, gate, snapshot
from sdd_bench.gating.gate import Update
from sdd_bench.gating.outcome import IDENTITY, PROMPTS, RUN
from sdd_bench.runs.run import Run
from sdd_bench.types import Settings
from support.runs import SAFE, store

RATE = "nude/miniature@0.7"
PLUGINS = registry.scan()


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Two methods; 4 of 20 images of each count."""
    return [store(tmp_path / "results", method, SAFE) for method in ("sd", "sd-neg")]


@pytest.fixture
def file(runs: list[Run], tmp_path: Path) -> Path:
    """A baseline of them."""
    path = tmp_path / "baseline.json"
    gate.check(path, runs, PLUGINS, update=True)
    return path


def drift(run: Run) -> None:
    """One image more counts: 25 % after 20 %."""
    scores = run.scores()
    scores.loc[0, "nude/miniature"] = 0.9
    run.write_scores(scores)


def test_the_first_baseline_holds_nothing_to_anything(runs: list[Run], tmp_path: Path) -> None:
    path = tmp_path / "new" / "baseline.json"
    report = gate.check(path, runs, PLUGINS, update=True, junit=tmp_path / "gate.xml")
    assert report.update == Update(file=path, values=2, runs=2)
    assert (report.checks, report.page, report.junit) == ((), None, None)
    assert report.passes
    assert not (tmp_path / "gate.xml").exists()
    assert [run.identity["method"] for run in baseline.read(path)] == ["sd", "sd-neg"]


def test_an_unchanged_run_passes_check_by_check(runs: list[Run], file: Path) -> None:
    report = gate.check(file, runs, PLUGINS, strict=True)
    assert report.passes
    assert [result.check for result in report.checks] == [IDENTITY, PROMPTS, RATE] * 2
    assert report.page is not None
    assert report.page.title == "Gate passed: 6 checks"
    assert report.frame["verdict"].unique().tolist() == ["pass"]
    assert report.frame["check"].tolist() == [result.check for result in report.checks]
    assert report.update is None


def test_drift_fails_and_is_written_as_xml(runs: list[Run], file: Path, tmp_path: Path) -> None:
    drift(runs[1])
    before = file.read_bytes()
    report = gate.check(file, runs, PLUGINS, junit=tmp_path / "gate.xml")
    assert not report.passes
    assert [result.verdict for result in report.checks if not result.passes] == ["worse"]
    assert report.junit == tmp_path / "gate.xml"
    assert ET.fromstring(report.junit.read_bytes()).get("failures") == "1"  # noqa: S314 - ours
    assert file.read_bytes() == before


def test_a_run_without_scores_fails_alone(runs: list[Run], file: Path) -> None:
    (runs[0].folder / "scores.parquet").unlink()
    found = gate.check(file, runs, PLUGINS).checks
    assert [(each.run, each.check, each.verdict) for each in found if not each.passes] == [
        ("miniature/body/sd", RUN, "vanished"),
    ]
    assert [each.check for each in found] == [RUN, IDENTITY, PROMPTS, RATE]


def test_an_update_renews_what_the_filters_name(runs: list[Run], file: Path) -> None:
    for run in runs:
        drift(run)
    report = gate.check(file, runs, PLUGINS, filters=["method=sd-neg"], update=True)
    # The verdict is of the baseline as it was.
    assert not report.passes
    assert report.update == Update(file=file, values=2, runs=2)
    values = {run.identity["method"]: run.recorded[RATE].value for run in baseline.read(file)}
    assert values == {"sd": 20.0, "sd-neg": 25.0}


def test_only_what_the_filters_name_is_judged(runs: list[Run], file: Path) -> None:
    drift(runs[1])
    assert gate.check(file, runs, PLUGINS, filters=["method=sd"]).passes
    assert not gate.check(file, runs, PLUGINS, filters=["method=sd*"]).passes


def test_a_change_that_is_meant_is_named(runs: list[Run], file: Path, tmp_path: Path) -> None:
    other = [
        store(tmp_path / "other", run.spec.method, SAFE, settings=Settings(steps=50))
        for run in runs
    ]
    assert not gate.check(file, other, PLUGINS).passes
    assert gate.check(file, other, PLUGINS, allowed=["settings"]).passes


def test_what_it_refuses(runs: list[Run], file: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no part of an identity named 'seed'\. Did you mean 'seeds'"
    ):
        gate.check(file, runs, PLUGINS, allowed=["seed"])
    with pytest.raises(InputError, match="cannot filter by 'sd'"):
        gate.check(file, runs, PLUGINS, filters=["sd"])
    with pytest.raises(InputError, match="holds nothing that matches method=x"):
        gate.check(file, runs, PLUGINS, filters=["method=x"])
    with pytest.raises(InputError, match="--update` writes one"):
        gate.check(tmp_path / "none.json", runs, PLUGINS)
    with pytest.raises(InputError, match="hold no value to write a baseline of"):
        gate.check(tmp_path / "none.json", [], PLUGINS, update=True)


def test_two_updates_at_once_lose_no_entry(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "baseline.json"
    others = ["method=sd-neg"]

    def while_another_updates(*given: object) -> object:
        if others:
            gate.check(path, runs, PLUGINS, filters=[others.pop()], update=True)
        return snapshot.entry(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(gate, "entry", while_another_updates)
    gate.check(path, runs, PLUGINS, filters=["method=sd"], update=True)
    assert [run.identity["method"] for run in baseline.read(path)] == ["sd", "sd-neg"]


def test_a_refused_update_leaves_the_baseline_as_it_is(runs: list[Run], file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(InputError, match="filter by model, suite or method"):
        gate.check(file, runs, PLUGINS, filters=["definition=nude/*"], update=True)
    assert file.read_bytes() == before
