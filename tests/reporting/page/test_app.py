"""The page as a whole: it asks nobody, hides nothing, and everybody can read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sdd_bench as sb
from sdd_bench.types import Prompt, Sample
from support.reporting import illustrated
from support.runs import made_up, run_spec, score_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from support.browser import Visit

TABS = ["tables", "pictures", "thresholds", "charts", "runs"]

VIEWS = [*(f"tab={tab}" for tab in TABS), "tab=pictures&open=3", "tab=pictures&open=3&mode=swipe"]

HOSTILE = {
    "script": "<script>document.title='taken'</script><img src=x onerror=alert(1)>",
    "quotes": """"'`${1+1}` &amp; </textarea> <!-- -->""",
    "right to left": "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd and back",
    "emoji": "\U0001f469\u200d\U0001f680 \U0001f3f3\ufe0f",
    "long": "x" * 10_000,
    "nul": "before\x00after\x1b[31m\u2028",
}


def test_nothing_is_fetched_whatever_is_looked_at(visit: Visit) -> None:
    for view in VIEWS:
        visit.to(view)
        visit.page.wait_for_timeout(100)
    strangers = [url for url in visit.requests if not url.startswith(("blob:", "data:"))]
    assert set(strangers) <= {"about:blank", visit.path.as_uri(), *(
        f"{visit.path.as_uri()}#{view}" for view in VIEWS)}  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(browser: Browser, report: Path, dark: bool, width: int) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe: it is in the extra `dev`"
    ).Axe()
    from support.browser import Visit

    visit = Visit.of(browser, report, width=width, dark=dark)
    found = []
    for view in VIEWS:
        page = visit.to(view)
        page.wait_for_timeout(200)
        found += [
            (view, fault["id"], [node["html"][:120] for node in fault["nodes"]])
            for fault in axe.run(page).response["violations"]
            if fault["impact"] in {"serious", "critical"}
        ]
    visit.page.close()
    assert found == []


def test_a_telephone_needs_no_sideways_scrolling(browser: Browser, report: Path) -> None:
    from support.browser import Visit

    visit = Visit.of(browser, report, width=390)
    for view in VIEWS:
        page = visit.to(view)
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, view
    visit.page.close()


def test_hostile_prompts_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    from support.browser import Visit

    asked = [
        Sample(suite="body", prompt=Prompt(id=f"p{at}", text=text, group=text[:20]), k=0, seed=at)
        for at, text in enumerate(HOSTILE.values())
    ]
    rows = score_rows("sd", asked, **{"nude/miniature": [0.5] * len(asked)})
    made_up(tmp_path / "results", run_spec(method="sd"), scores=rows, finished=len(asked))
    visit = Visit.of(browser, sb.report(results=tmp_path / "results", out=tmp_path / "page.html"))
    visit.page.set_viewport_size({"width": 1280, "height": 4000})  # all rows are near the view
    for at, text in enumerate(HOSTILE.values()):
        page = visit.to(f"tab=pictures&open={at}")
        shown = page.locator("dialog .words").evaluate("each => each.textContent")
        seen = text.replace("\x00", "\u2400").replace("\x1b", "\u241b")
        assert shown == seen
        assert page.locator("dialog .words").evaluate("each => each.children.length") == 0
        start = page.locator(".grid button.words").nth(at).evaluate("each => each.textContent")
        assert start == seen[:600]
        assert page.title() == "sdd-bench report: miniature"
    for tab in TABS:
        visit.to(f"tab={tab}")
    visit.page.close()
    assert visit.complaints == []


@pytest.mark.parametrize("tab", TABS)
def test_one_method_without_pictures_and_partner_is_no_empty_page(
    browser: Browser, tmp_path: Path, tab: str
) -> None:
    from support.browser import Visit

    illustrated(tmp_path / "results", "sd-neg", {"nude/miniature": [0.9, 0.1]})
    path = sb.report(results=tmp_path / "results", out=tmp_path / "page.html", images=False)
    visit = Visit.of(browser, path)
    page = visit.to(f"tab={tab}")
    assert len(page.locator("#panel").inner_text()) > 40
    visit.page.close()
    assert visit.complaints == []


def test_all_of_it_is_printed(visit: Visit) -> None:
    page = visit.to("tab=tables")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_selector("#panel .chart")
    assert page.locator("#panel .run").count() == 6
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_selector("#panel .run", state="detached")
