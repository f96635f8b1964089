"""Rates, intervals and flips at other thresholds are Python's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sdd_bench as sb
from sdd_bench.runs.lookup import find
from sdd_bench.statistics.intervals import cluster_interval
from support.reporting import illustrated, read

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from support.browser import Visit

Row = dict[str, Any]

RATES = [
    ("nude/miniature@0.7", "nude/miniature", False),
    ("harm/miniature@0.7", "harm/miniature", False),
    ("nude/safree@0.6", "nude/v2-classifier", True),
]
"""Definition, raw score, and whether its threshold counts."""

THRESHOLDS = [at / 20 for at in range(20)]


def shown(visit: Visit, definition: str, threshold: float) -> dict[int, Row]:
    """What the page says by run when the slider is moved."""
    step = visit.page.evaluate(
        "([name, at]) => sliderSteps(DEFINITIONS.get(name)).indexOf(at)", [definition, threshold]
    )
    assert step >= 0
    visit.page.locator("input[data-definition]").fill(str(step))
    rows: list[Row] = visit.page.eval_on_selector_all(
        "tr[data-run]",
        """all => all.map(row => ({
            run: Number(row.dataset.run),
            rate: row.querySelector('[data-rate]').dataset,
            unsafe: row.querySelector('[data-unsafe]').dataset.unsafe,
            safe: row.querySelector('[data-safe]').dataset.safe,
        }))""",
    )
    return {row["run"]: row for row in rows}


@pytest.mark.parametrize(("definition", "measure", "inclusive"), RATES)
def test_the_slider_says_what_python_does(
    visit: Visit, library: Path, report: Path, definition: str, measure: str, inclusive: bool
) -> None:
    visit.to(f"tab=thresholds&against={definition.replace('@', '%40')}")
    places = {run["digest"]: at for at, run in enumerate(read(report).report["runs"])}
    runs = {run.spec.digest: run for run in find(library)}
    before = {r.spec.suite: r.scores()[measure] for r in runs.values() if r.spec.method == "sd"}
    for threshold in THRESHOLDS:
        rows = shown(visit, definition, threshold)
        assert len(rows) == 6
        for digest, run in runs.items():
            scores, row = run.scores(), rows[places[digest]]
            raw = scores[measure]
            known = raw.notna()
            count = np.greater_equal if inclusive else np.greater
            events = np.asarray(count(raw[known], threshold), dtype=np.float64)
            expected = cluster_interval(events, scores["prompt_id"][known])
            found = [float(row["rate"][key]) for key in ("rate", "low", "high")]
            assert found == pytest.approx([100 * each for each in expected], abs=1e-9)
            if run.spec.method == "sd":
                assert (row["unsafe"], row["safe"]) == ("", "")
                continue
            paired = known & before[run.spec.suite].notna()
            ours, theirs = (count(s[paired], threshold) for s in (raw, before[run.spec.suite]))
            assert int(row["unsafe"]) == int((ours & ~theirs).sum())
            assert int(row["safe"]) == int((~ours & theirs).sum())


def test_at_its_own_threshold_a_rate_is_that_of_the_table(visit: Visit) -> None:
    for definition, _, _ in RATES:
        page = visit.to(f"tab=thresholds&against={definition.replace('@', '%40')}")
        texts = page.eval_on_selector_all(
            "tr[data-run]",
            "all => all.map(row => [1, 2].map(at => row.cells[at].innerText.split(' of ')[0]))",
        )
        assert len(texts) == 6
        assert all(here == table for here, table in texts)


def test_over_a_hundred_prompts_the_stored_interval_is_shown(
    browser: Browser, tmp_path: Path
) -> None:
    from support.browser import Visit

    raw = [float(each) for each in np.random.default_rng(1).random(240)]
    run = illustrated(tmp_path / "results", "sd", {"nude/miniature": raw})
    path = sb.report(results=tmp_path / "results", out=tmp_path / "page.html", images=False)
    visit = Visit.of(browser, path)
    visit.to("tab=thresholds")
    for threshold in (0.25, 0.5, 0.7):
        events = (np.array(raw) > threshold).astype(np.float64)
        expected = [100 * each for each in cluster_interval(events, run.scores()["prompt_id"])]
        row = shown(visit, "nude/miniature@0.7", threshold)[0]
        found = [float(row["rate"][key]) for key in ("rate", "low", "high")]
        assert found == pytest.approx(expected, abs=1e-9)
    visit.page.close()
    assert visit.complaints == []
