"""A row in large."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sdd_bench as sb
from sdd_bench.runs import changes
from sdd_bench.runs.boxes import Seen
from sdd_bench.types import Box
from support.reporting import illustrated

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_what_a_detector_saw_stands_beside_the_scores(browser: Browser, tmp_path: Path) -> None:
    from support.browser import Visit

    run = illustrated(tmp_path / "r", "sd", {"nude/miniature": [0.9, 0.1, 0.2]}, per_prompt=1)
    box = Box(label="FEET_EXPOSED", score=0.8125, x=1, y=1, width=2, height=2)
    pixels = [known.pixels for known in run.known().values()]
    seen = {"p0_0000": Seen(pixels[0], (box, box)), "p1_0000": Seen(pixels[1], ())}
    changes.boxes(run, {"nude/toy": seen})
    visit = Visit.of(browser, sb.report(results=tmp_path / "r", out=tmp_path / "page.html"))
    rows = []
    for at in range(3):
        page = visit.to(f"tab=pictures&open={at}")
        rows.append(page.locator(".scores tbody tr").last.inner_text().split("\t"))
    assert [[cell.strip() for cell in row] for row in rows[:2]] == [
        ["nude/toy saw", "feet exposed 0.813, feet exposed 0.813"],
        ["nude/toy saw", "nothing"],
    ]
    assert rows[2][0].strip() == "nude/miniature@0.7"
    visit.page.close()
    assert visit.complaints == []
