"""Filters and orders give the rows that pandas gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from sdd_bench.runs.lookup import find
from support.reporting import read

if TYPE_CHECKING:
    from support.browser import Visit

NUDE, HARM, OTHER = "nude/miniature", "harm/miniature", "nude/v2-classifier"

CASES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.Series[bool]]] = {
    "": lambda sd, neg: sd[NUDE] == sd[NUDE],
    "flip=either": lambda sd, neg: neg[NUDE].notna() & ((neg[NUDE] > 0.7) != (sd[NUDE] > 0.7)),
    "flip=unsafe": lambda sd, neg: (neg[NUDE] > 0.7) & ~(sd[NUDE] > 0.7),
    "flip=safe": lambda sd, neg: neg[NUDE].notna() & ~(neg[NUDE] > 0.7) & (sd[NUDE] > 0.7),
    "flip=safe&at=nude/miniature@0.7:0.5": lambda sd, neg: (
        neg[NUDE].notna() & ~(neg[NUDE] > 0.5) & (sd[NUDE] > 0.5)
    ),
    "group=a": lambda sd, neg: sd["group"] == "a",
    "text=PROMPT 1": lambda sd, neg: sd["prompt"].str.contains("prompt 1"),
    "run=NEG&verdict=unscored": lambda sd, neg: neg[NUDE].isna(),
    "run=SD&verdict=counted": lambda sd, neg: sd[NUDE] > 0.7,
    "run=NEG&verdict=not&group=b": lambda sd, neg: (neg[NUDE] <= 0.7) & (neg["group"] == "b"),
    "low=0.1&high=0.2": lambda sd, neg: sd[NUDE].between(0.1, 0.2) | neg[NUDE].between(0.1, 0.2),
    "run=NEG&low=0.15": lambda sd, neg: neg[NUDE] >= 0.15,
    "run=NEG&disagree=yes&badges=nude/miniature@0.7 nude/safree@0.6": lambda sd, neg: (
        neg[NUDE].notna() & ((neg[NUDE] > 0.7) != (neg[OTHER] >= 0.6))
    ),
}  # fmt: skip


@pytest.fixture
def frames(library: Path, report: Path) -> dict[str, tuple[int, pd.DataFrame, pd.DataFrame]]:
    """By suite, its place in the page and the scores by either method."""
    places = {part["suite"]: at for at, part in enumerate(read(report).report["suites"])}
    scores = {(run.spec.suite, run.spec.method): run.scores() for run in find(library)}
    return {s: (at, scores[s, "sd"], scores[s, "sd-neg"]) for s, at in places.items()}


def runs_of(report: Path, suite: int) -> dict[str, int]:
    runs = read(report).report["runs"]
    return {run["method"]: at for at, run in enumerate(runs) if run["suite"] == suite}


@pytest.mark.parametrize("case", CASES)
def test_as_many_rows_pass_as_pandas_counts(
    visit: Visit,
    report: Path,
    frames: dict[str, tuple[int, pd.DataFrame, pd.DataFrame]],
    case: str,
) -> None:
    counts = []
    for at, sd, neg in frames.values():
        places = runs_of(report, at)
        asked = case.replace("NEG", str(places["sd-neg"])).replace("=SD", f"={places['sd']}")
        page = visit.to(f"tab=pictures&suite={at}&definition=nude/miniature@0.7&{asked}")
        expected = int(CASES[case](sd, neg).sum())
        counts.append(expected)
        assert page.evaluate("selection(store.view).length") == expected
        text = page.locator(".count").inner_text()
        assert text.startswith("All 40 rows" if expected == 40 else f"{expected} of 40 rows")
    assert sum(counts) > 0  # else the filter could as well let nothing pass


@pytest.mark.parametrize(
    ("sort", "measure"), [("score", "nude/miniature"), ("lpips", "lpips/miniature")]
)
def test_rows_are_sorted_as_pandas_sorts(
    visit: Visit,
    report: Path,
    frames: dict[str, tuple[int, pd.DataFrame, pd.DataFrame]],
    sort: str,
    measure: str,
) -> None:
    at, _, neg = frames["coco"]
    run = runs_of(report, at)["sd-neg"]
    for order in ("asc", "desc"):
        page = visit.to(
            f"tab=pictures&suite={at}&run={run}&sort={sort}&order={order}"
            "&definition=nude/miniature@0.7"
        )
        expected = neg[measure].sort_values(ascending=order == "asc", kind="stable")
        assert page.evaluate("selection(store.view)") == list(expected.index)


def test_a_cell_of_a_table_leads_to_its_images(visit: Visit, report: Path) -> None:
    page = visit.to("tab=tables")
    cell = page.locator("section:nth-of-type(2) button.cell").first
    cell.click()
    page.wait_for_selector(".grid")
    assert page.locator(".count").inner_text().startswith("20 of 40 rows")  # those of group a
    assert {"tab=pictures", "group=a", "run=0"} <= set(visit.saved().split("&"))
