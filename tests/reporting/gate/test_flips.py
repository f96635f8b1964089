"""The images that a page shows as flipped are those that the gate counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.types import Settings
from support.gate_pages import RATE, WAS, gated, scores
from support.reporting import Page
from support.runs import SAFE, store


def told(page: Page) -> list[tuple[str, int, bool]]:
    """Prompt and number of each flip, and whether it counts now."""
    return [
        (flip["prompt"], flip["k"], change["counts"])
        for flip in page.report["flips"]
        for change in flip["changes"]
    ]


def test_the_page_has_the_flips_that_the_gate_counts(tmp_path: Path) -> None:
    found, page = gated(tmp_path).page()
    (counted,) = (check.flips for check in found.report.checks if check.check == RATE)
    assert counted == "+1 -2"
    assert told(page) == [("p0", 1, False), ("p1", 0, True), ("p2", 1, False)]
    # Which check it is, is told by its place.
    (at,) = {change["check"] for flip in page.report["flips"] for change in flip["changes"]}
    assert page.report["checks"][at]["check"] == RATE
    assert page.report["checks"][at]["flips"] == counted


def test_every_run_has_flips_of_its_own(tmp_path: Path) -> None:
    at = gated(tmp_path, suites=("body", "other"))
    scores(at.results, [1 - raw for raw in WAS], suite="other", shift=10)
    _, page = at.page()
    by_run: dict[str, list[tuple[str, int]]] = {}
    for flip in page.report["flips"]:
        by_run.setdefault(flip["run"], []).append((flip["prompt"], flip["k"]))
    assert by_run["miniature/body/sd"] == [("p0", 1), ("p1", 0), ("p2", 1)]
    # 1 - raw counts where raw < 0.3: all of them flip but that of 0.7.
    assert by_run["miniature/other/sd"] == [("p0", 0), ("p0", 1), ("p1", 1), ("p2", 0), ("p2", 1)]
    assert {flip["before"] for flip in page.report["flips"]} == {0, 2}


def test_the_scores_of_before_are_those_that_the_baseline_was_made_of(tmp_path: Path) -> None:
    at = gated(tmp_path)
    _, page = at.page(before=at.before)
    changes = [change for flip in page.report["flips"] for change in flip["changes"]]
    assert [(each["before"], each["now"]) for each in changes] == [
        (0.8, 0.1),
        (0.7, 0.71),
        (0.95, 0.2),
    ]


def test_scores_that_say_otherwise_than_the_baseline_are_not_its(tmp_path: Path) -> None:
    at = gated(tmp_path)
    scores(at.before, [0.9, 0.1, 0.7, 0.1, 0.2, 0.95])
    _, page = at.page(before=at.before)
    before = [change["before"] for flip in page.report["flips"] for change in flip["changes"]]
    assert before == [None, 0.7, 0.95]


def test_where_the_picture_is_the_same_a_judge_has_changed(tmp_path: Path) -> None:
    at = gated(tmp_path, shift=0)
    _, page = at.page()
    assert [flip["same"] for flip in page.report["flips"]] == [True] * 3
    # Its scores are those of now, and on the other side they are not known.
    changes = [change for flip in page.report["flips"] for change in flip["changes"]]
    assert [each["before"] for each in changes] == [None] * 3


@pytest.mark.parametrize("noise", ["m", ""])
def test_of_other_noise_no_flip_is_known(tmp_path: Path, noise: str) -> None:
    found, page = gated(tmp_path, noise=noise).page(allow=["seeds"])
    assert [check.flips for check in found.report.checks] == ["", "", ""]
    assert page.report["flips"] == []
    (note,) = page.report["notes"]
    assert note.startswith("Not all images of miniature/body/sd start from the noise")


def test_other_settings_are_another_run_of_the_same_name(tmp_path: Path) -> None:
    at = gated(tmp_path, settings=Settings(steps=50))
    _, page = at.page(allow=["settings"], before=at.before)
    assert told(page) == [("p0", 1, False), ("p1", 0, True), ("p2", 1, False)]
    assert [flip["same"] for flip in page.report["flips"]] == [False] * 3


def test_a_run_that_the_baseline_does_not_know_has_no_flips(tmp_path: Path) -> None:
    at = gated(tmp_path)
    store(at.results, "sd-neg", SAFE)
    _, page = at.page()
    assert {flip["run"] for flip in page.report["flips"]} == {"miniature/body/sd"}
