"""The page of a gate in a browser: it asks nobody, and shows nothing unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sdd_bench as sb
from support.gate_pages import WAS, Gated, gated, scores

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

    from support.browser import Visit

HOSTILE = "<img src=x onerror=alert(1)>\"'`${1+1}` \u202eevil \x00 & &amp; <!--"


def shows(found: Locator, count: int) -> None:
    """Wait until there are so many."""
    from playwright.sync_api import expect

    expect(found).to_have_count(count)


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    """A gate with a past, and with a prompt that means harm."""
    at = gated(tmp_path_factory.mktemp("gates"), suites=("body", "other"))
    sb.gate(at.baseline, results=at.before, record=True, commit="abcdef0123")
    run = scores(at.results, [1 - raw for raw in WAS], suite="other", shift=10)
    run.write_scores(run.scores().assign(prompt=HOSTILE))
    at.page(before=at.before, commit="fedcba9876")
    return at


@pytest.fixture
def visit(browser: Browser, gates: Gated) -> Iterator[Visit]:
    from support.browser import Visit

    opened = Visit.of(browser, gates.root / "gate.html")
    yield opened
    opened.page.close()
    assert opened.complaints == []


def test_nothing_is_seen_before_it_is_clicked(visit: Visit) -> None:
    page = visit.to("")
    shows(page.locator(".flipped img"), 16)
    assert visit.unblurred() == []
    first = page.locator(".flipped .pic").first
    first.click()
    page.wait_for_timeout(200)
    assert len(visit.unblurred()) == 1
    first.click()
    page.wait_for_timeout(200)
    assert visit.unblurred() == []
    for mode in ("Swipe", "Onion skin", "Difference"):
        page.get_by_role("button", name=mode).click()
        page.wait_for_timeout(100)
        assert visit.unblurred() == []
    page.get_by_label("Show all pictures unblurred").check()
    page.wait_for_timeout(200)
    assert len(visit.unblurred()) == 16
    asked = {url for url in visit.requests if not url.startswith(("blob:", "data:"))}
    assert asked <= {"about:blank", visit.path.as_uri(), f"{visit.path.as_uri()}#"}


def test_the_flips_are_those_that_the_gate_counts(visit: Visit) -> None:
    page = visit.to("")
    choice = page.get_by_label("Flipped by")
    # By hand: of 0.9 0.8 0.7 0.1 0.2 0.95 the others are 0.1 0.2 0.3 0.9 0.8 0.05.
    assert choice.locator("option").all_inner_texts() == [
        "all",
        "miniature/body/sd, nude/miniature@0.7 (+1 -2)",
        "miniature/other/sd, nude/miniature@0.7 (+2 -3)",
    ]
    for at, images, up, down in [(0, 8, 3, 5), (1, 3, 1, 2), (2, 5, 2, 3)]:
        choice.select_option(index=at)
        shows(page.locator(".flipped"), images)
        assert page.locator("p.count").inner_text() == f"{images} images flipped"
        assert page.locator(".flip.unsafe").count() == up
        assert page.locator(".flip.safe").count() == down


def test_hostile_prompts_are_shown_as_text(visit: Visit) -> None:
    page = visit.to("")
    page.get_by_label("Flipped by").select_option(index=2)
    words = page.locator(".flipped .words").first
    shows(page.locator(".flipped"), 5)
    assert words.evaluate("each => each.textContent") == HOSTILE.replace("\x00", "\u2400")
    assert words.evaluate("each => each.children.length") == 0


def test_the_chart_has_the_gates_of_the_history(visit: Visit) -> None:
    page = visit.to("")
    chart = page.locator(".chart").first
    assert chart.locator("g.s0 .mark").count() == 3
    assert chart.locator(".miss").count() == 1  # the last one failed
    assert chart.locator(".axes text").all_text_contents()[-5:-2] == [
        "0123456",
        "abcdef0",
        "fedcba9",
    ]
    chart.locator("summary").click()
    assert chart.locator("tbody th").all_inner_texts() == ["fedcba9", "abcdef0", "0123456"]
    assert chart.locator("tbody tr").nth(0).locator("td").all_inner_texts()[1:] == [
        "failed",
        "33.33",
        "50",
        "2",
    ]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_read_it(browser: Browser, gates: Gated, dark: bool, width: int) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe: it is in the extra `dev`"
    ).Axe()
    from support.browser import Visit

    visit = Visit.of(browser, gates.root / "gate.html", width=width, dark=dark)
    page = visit.to("")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = [
        (fault["id"], [node["html"][:120] for node in fault["nodes"]])
        for fault in axe.run(page).response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]
    visit.page.close()
    assert found == []


def test_nothing_is_no_empty_page(browser: Browser, tmp_path: Path) -> None:
    from support.browser import Visit

    at = gated(tmp_path)
    path = tmp_path / "gate.html"
    sb.gate(tmp_path / "new.json", update=True, results=at.before, report=path)
    visit = Visit.of(browser, path)
    assert "No image is known to have flipped." in visit.to("").locator("#panel").inner_text()
    at.page(images=False)
    assert visit.to("").locator(".flipped").count() == 3
    assert visit.page.locator("img, .pic").count() == 0
    visit.page.close()
    assert visit.complaints == []
