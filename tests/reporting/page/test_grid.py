"""The grid: how much of it is there, on the screen and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sdd_bench as sb
from support.reporting import samples
from support.runs import made_up, run_spec, score_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from support.browser import Visit


@pytest.fixture(scope="module")
def long(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """A report of a run of 230 images, and of one that nobody has scored yet."""
    from support.browser import Visit

    root = tmp_path_factory.mktemp("long")
    asked = samples(230, suite="body")
    rows = score_rows("sd", asked, **{"nude/miniature": [at / 230 for at in range(230)]})
    made_up(root / "r", run_spec(method="sd", suite="body"), scores=rows, finished=230)
    made_up(root / "r", run_spec(method="sd", suite="later"), finished=20)
    visit = Visit.of(browser, sb.report(results=root / "r", out=root / "page.html"))
    yield visit
    visit.page.close()
    assert visit.complaints == []


def test_a_suite_that_has_not_been_scored_says_so(long: Visit) -> None:
    page = long.to("tab=pictures")
    page.get_by_label("Suite").select_option(label="later")
    page.wait_for_selector(".empty")
    assert "No image of later has been scored yet" in page.locator(".count").inner_text()
    assert "score the run first" in page.locator(".empty").inner_text()


def test_filters_that_nothing_passes_say_so(long: Visit) -> None:
    page = long.to("tab=pictures&text=nowhere")
    page.wait_for_selector(".empty")
    assert page.locator(".count").inner_text() == "0 of 230 rows of body"
    assert page.locator(".empty").inner_text() == "No image passes these filters."


def test_only_rows_near_the_view_are_there(long: Visit) -> None:
    page = long.to("tab=pictures")
    page.wait_for_selector('[data-at="0:0"]')
    assert page.locator(".count").inner_text() == "All 230 rows of body"
    assert 0 < page.locator(".rows .row").count() < 20


def test_paper_has_the_rows_that_one_cannot_scroll_to_and_says_where_it_ends(long: Visit) -> None:
    page = long.to("tab=pictures")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_selector('[data-at="199:0"]')
    assert page.locator(".rows .row").count() == 200
    assert "Printed are the first 200 of these rows" in page.locator("#panel").inner_text()
    heights = page.eval_on_selector(".grid", "each => [each.clientHeight, each.scrollHeight]")
    assert heights[0] == heights[1]  # nothing of it is hidden
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_selector('[data-at="199:0"]', state="detached")


def test_a_page_that_is_dark_on_the_screen_is_black_on_white_on_paper(
    browser: Browser, report: Path
) -> None:
    from support.browser import Visit

    visit = Visit.of(browser, report, dark=True)
    page = visit.to("tab=tables")
    colours = (
        "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor] }"
    )
    assert page.evaluate(colours)[1] == "rgb(20, 23, 27)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colours) == ["rgb(27, 31, 36)", "rgb(255, 255, 255)"]
    visit.page.close()
