"""The history of gates: what a line says, how many there are, and who may write it."""

from __future__ import annotations

import errno
import json
import logging
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.gating import history
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.history import Held, Moment, Point
from sdd_bench.gating.outcome import CheckResult
from sdd_bench.runs import claims

POINT = Point(
    run="m/s/sd",
    check="nude/toy@0.7",
    unit="%",
    value=51.0,
    baseline=50.0,
    allowed=2.0,
    passes=True,
)
HELD = Held(commit="c0ffee", date="2026-01-02T03:04:05+00:00", outcome="passed", points=(POINT,))


def numbered(count: int) -> list[Held]:
    return [replace(HELD, commit=f"{at:07}") for at in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return history.beside(tmp_path / "deep" / "toy.json")


def test_it_lies_beside_its_baseline(tmp_path: Path) -> None:
    assert history.beside(tmp_path / "toy.json") == tmp_path / "toy.history.jsonl"


def test_what_is_read_is_what_was_written(path: Path) -> None:
    assert history.read(path) == []
    gates = [HELD, replace(HELD, outcome="failed", points=(replace(POINT, allowed=None),))]
    for each in gates:
        history.append(path, each)
    assert history.read(path) == gates
    line = path.read_text().splitlines()[0]
    assert {key: each for key, each in json.loads(line).items() if key != "sha256"} == {
        "commit": "c0ffee",
        "date": "2026-01-02T03:04:05+00:00",
        "outcome": "passed",
        "points": [
            {"run": "m/s/sd", "check": "nude/toy@0.7", "unit": "%", "value": 51.0,
             "baseline": 50.0, "allowed": 2.0, "passes": True}
        ],
    }  # fmt: skip


def test_the_same_gate_again_adds_nothing(path: Path) -> None:
    history.append(path, HELD)
    before = path.read_bytes()
    history.append(path, replace(HELD, date="2027-01-01T00:00:00+00:00"))
    assert path.read_bytes() == before
    history.append(path, replace(HELD, commit="other"))
    history.append(path, HELD)
    assert len(history.read(path)) == 3


def test_only_the_last_ones_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    gates = numbered(5)
    for each in gates:
        history.append(path, each)
    assert history.read(path) == gates[2:]


def test_large_gates_are_fewer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = numbered(9)
    history.append(path, gates[0])
    monkeypatch.setattr(history, "LARGEST", 4 * path.stat().st_size)
    for each in gates[1:]:
        history.append(path, each)
    assert history.read(path) == gates[5:]
    assert path.stat().st_size == history.LARGEST
    monkeypatch.setattr(history, "LARGEST", history.LARGEST - 1)
    history.append(path, replace(HELD, commit="0000009"))
    assert [held.commit for held in history.read(path)] == ["0000007", "0000008", "0000009"]
    monkeypatch.setattr(history, "LARGEST", 10)
    history.append(path, HELD)
    assert history.read(path) == [HELD]  # one there is in any case


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"<<<<<<< HEAD",
        b"\xff\xfe\x00",
        b"[]",
        b'{"commit": "x", "date": "", "outcome": "great", "points": []}',
        b'{"commit": "x", "date": "", "outcome": "passed"}',
        b'{"commit": "x", "date": "", "outcome": "passed", "points": [], "sha256": "of another"}',
    ],
)
def test_a_damaged_line_is_left_out_and_said(
    path: Path, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    first, last = numbered(2)
    history.append(path, first)
    path.write_bytes(path.read_bytes() + line + b"\n\n")
    history.append(path, last)
    assert history.read(path) == [first, last]
    (said,) = caplog.messages
    assert said.startswith(f"line 2 of the history {path} is left out: ")
    assert line in path.read_bytes()  # nobody's line is taken away for it


def test_a_number_that_somebody_changed_is_left_out(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history.append(path, HELD)
    path.write_text(path.read_text().replace("51.0", "50.0"))
    assert history.read(path) == []
    assert "does not fit its sha256" in caplog.text


def test_a_file_that_lost_its_lines_is_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.touch()
    assert history.read(path) == []
    assert caplog.messages == [f"the history {path} is empty"]


def test_a_line_may_hold_what_this_version_does_not_know(path: Path) -> None:
    history.append(path, HELD)
    content = json.loads(path.read_text()) | {"later": 1}
    del content["sha256"]
    path.write_text(json.dumps(content | {"sha256": files.record_hash(content)}) + "\n")
    assert history.read(path) == [HELD]
    before = path.read_bytes()
    history.append(path, HELD)
    assert path.read_bytes() == before  # it is the same gate, whatever else it holds


def test_gates_at_the_same_time_lose_no_line(path: Path) -> None:
    gates = numbered(12)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda held: history.append(path, held), gates))
    assert sorted(history.read(path), key=lambda held: held.commit) == gates
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_who_waits_for_another_says_for_which_history(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0)
    claim = claims.take(path)
    assert claim is not None
    threading.Timer(0.1, claim.release).start()
    with caplog.at_level(logging.INFO, "sdd_bench"):
        history.append(path, HELD)
    (said,) = caplog.messages
    assert said.startswith(f"the history {path}: another process is at work (process ")
    assert history.read(path) == [HELD]


def test_a_history_that_cannot_be_written_names_the_option_of_its_baseline(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(InputError) as caught:
        history.append(path, HELD)
    assert str(caught.value) == (
        f"cannot write {path}: Permission denied; give another folder with --baseline"
    )


def test_a_gate_is_the_values_of_its_checks() -> None:
    checks = [
        CheckResult(run="r", check="identity"),
        CheckResult(run="r", check="a", unit="%", baseline=50, value=100 / 3, allowed=2),
        CheckResult(run="r", check="b", baseline=1, value=2, verdict="defined differently"),
        CheckResult(run="r", check="c", baseline=1, value=math.nan, verdict="no value"),
    ]
    held = history.of_checks(checks, Moment(commit="c", date="d"))
    assert (held.commit, held.date, held.outcome) == ("c", "d", "failed")
    assert held.points == (
        Point(run="r", check="a", unit="%", value=33.3333, baseline=50, allowed=2, passes=True),
        Point(run="r", check="b", unit="", value=2, baseline=1, allowed=None, passes=False),
    )
    assert history.of_checks(checks[:2], Moment()).outcome == "passed"


def test_an_update_is_what_the_next_gates_are_held_to(base: BaselineRun) -> None:
    held = history.of_update([base], Moment(commit="c", date="d"))
    assert (held.commit, held.date, held.outcome) == ("c", "d", "updated")
    first, _, last = held.points
    assert first == Point(
        run="miniature/body/sd", check="clip/toy", unit="", value=0.3, baseline=0.3, allowed=0.01,
        passes=True,
    )  # fmt: skip
    assert last == Point(
        run="miniature/body/sd", check="nude/toy@0.7", unit="%", value=50, baseline=50, allowed=2,
        passes=True,
    )  # fmt: skip
