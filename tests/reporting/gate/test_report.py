"""The page of a gate: what it says, and that it asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sdd_bench as sb
from support.gate_pages import RATE, WAS, gated, scores
from support.reporting import elements, read


def test_it_has_the_checks_and_the_history(tmp_path: Path) -> None:
    at = gated(tmp_path)
    found, page = at.page(commit="fedcba9", record=True)
    report = page.report
    assert page.title == report["title"] == "Gate failed: 1 of 3 checks (1 improved)"
    assert not report["passes"]
    assert [each["check"] for each in report["checks"]] == ["identity", "images", RATE]
    (check,) = (each for each in report["checks"] if each["check"] == RATE)
    # 3 of 6 before, 2 of 6 now.
    assert (check["baseline"], round(check["value"], 3), check["allowed"]) == (50, 33.333, 2)
    assert report["checks"][0]["value"] is None
    gates = [(held["commit"], held["outcome"]) for held in report["history"]]
    assert gates == [("0123456789", "updated"), ("fedcba9", "failed")]
    assert [point["value"] for held in report["history"] for point in held["points"]] == [
        50,
        33.3333,
    ]
    assert [held.commit for held in found.report.history] == ["0123456789", "fedcba9"]


def test_a_gate_that_passes_and_one_that_holds_nothing_are_pages_too(tmp_path: Path) -> None:
    at = gated(tmp_path)
    path = tmp_path / "gate.html"
    sb.gate(at.baseline, results=at.before, report=path)
    assert (read(path).title, read(path).report["passes"]) == ("Gate passed: 3 checks", True)
    sb.gate(tmp_path / "new.json", results=at.before, report=path, update=True)
    assert read(path).title == "First baseline: there was nothing to hold the results to"
    assert len(read(path).report["history"]) == 1


def test_the_same_gate_is_the_same_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    at = gated(tmp_path)
    paths = [tmp_path / "one.html", tmp_path / "other.html"]
    for path in paths:
        sb.gate(at.baseline, results=at.results, before=at.before, report=path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nothing_is_fetched_and_no_text_is_markup(tmp_path: Path) -> None:
    at = gated(tmp_path)
    run = scores(at.results, WAS, shift=10)
    hostile = "</script><script>alert(1)</script><img src=http://x.y/z onerror=alert(1)>\x00\u202e"
    run.write_scores(run.scores().assign(prompt=hostile).assign(**{"nude/miniature": 0.1}))
    _, page = at.page(before=at.before)
    assert {flip["text"] for flip in page.report["flips"]} == {hostile}
    text = (tmp_path / "gate.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; img-src data: blob:; ")
    names = [name for name, _ in elements(tmp_path / "gate.html")]
    assert set(names) <= {"html", "head", "meta", "title", "style", "body", "div", "h1", "noscript",
                          "script"}  # fmt: skip
    assert "http://x.y" not in re.sub(r"<script type=.*?</script>", "", text, flags=re.DOTALL)


def test_what_before_is_for_is_said(tmp_path: Path) -> None:
    at = gated(tmp_path)
    with pytest.raises(sb.InputError, match="are shown on a page: name one with --report"):
        sb.gate(at.baseline, results=at.results, before=at.before)
    with pytest.raises(sb.InputError, match="--before takes the results that the baseline was"):
        at.page(before=tmp_path / "none")
