"""The gate from Python: what it writes, and where it may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sdd_bench as sb
from support.runs import SAFE, store


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """One run, of which 4 of 20 images count."""
    store(tmp_path / "results", "sd", SAFE)
    return tmp_path / "results"


@pytest.fixture
def baseline(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    path = results.parent / "toy.json"
    sb.gate(path, update=True, commit="first", results=results)
    return path


def lines(baseline: Path) -> list[tuple[str, str]]:
    text = baseline.with_name("toy.history.jsonl").read_text()
    gates = [json.loads(line) for line in text.splitlines()]
    assert {gate["date"] for gate in gates} == {"2023-11-14T22:13:20+00:00"}
    return [(gate["commit"], gate["outcome"]) for gate in gates]


def test_an_update_joins_the_history_and_a_gate_that_is_asked_to(
    baseline: Path, results: Path
) -> None:
    assert lines(baseline) == [("first", "updated")]
    report = sb.gate(baseline, commit="second", results=results).report
    assert lines(baseline) == [("first", "updated")]
    assert [held.commit for held in report.history] == ["first", "second"]
    for _ in range(2):  # given again, it is the same gate
        report = sb.gate(baseline, commit="second", record=True, results=results).report
        assert lines(baseline) == [("first", "updated"), ("second", "passed")]
        assert [held.commit for held in report.history] == ["first", "second"]


def test_a_folder_in_the_place_of_the_history_is_said_before_anything_is_written(
    baseline: Path, results: Path
) -> None:
    past = baseline.with_name("toy.history.jsonl")
    past.unlink()
    past.mkdir()
    junit = results.parent / "junit.xml"
    with pytest.raises(sb.InputError, match=r"history\.jsonl is a folder: move it away, or name"):
        sb.gate(baseline, junit=junit, report=results.parent / "page.html", results=results)
    assert not junit.exists()


def test_no_outcome_is_put_into_the_folder_of_a_run(baseline: Path, results: Path) -> None:
    (record,) = results.rglob("run.json")
    before = record.read_bytes()
    for outcome in ("report", "summary", "junit"):
        given: dict[str, Any] = {outcome: record}
        with pytest.raises(sb.InputError, match="whose files are results: give --"):
            sb.gate(baseline, results=results, **given)
    with pytest.raises(sb.InputError, match="whose files are results: give --baseline"):
        sb.gate(record, update=True, results=results)
    assert record.read_bytes() == before


def test_no_outcome_takes_the_place_of_another(baseline: Path, results: Path) -> None:
    past = baseline.with_name("toy.history.jsonl")
    for path, what in [(baseline, "the baseline"), (past, "the history")]:
        before = path.read_bytes()
        with pytest.raises(sb.InputError, match=f"--summary would take the place of {what}"):
            sb.gate(baseline, summary=path, results=results)
        assert path.read_bytes() == before
    one = results.parent / "one"
    with pytest.raises(sb.InputError, match="--summary would take the place of --junit"):
        sb.gate(baseline, junit=one, summary=one, results=results)
    assert not one.exists()


def test_a_history_that_cannot_be_written_is_said_before_the_baseline_is(
    baseline: Path, results: Path
) -> None:
    past = baseline.with_name("toy.history.jsonl")
    past.unlink()
    past.mkdir()
    baseline.unlink()
    with pytest.raises(sb.InputError, match=r"history\.jsonl: Is a directory; give another folder"):
        sb.gate(baseline, update=True, results=results)
    assert not baseline.exists()
