"""Everything can be reached without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from support.browser import Visit


def at(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.at ?? ''"))


def test_a_walk_through_the_grid(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.wait_for_selector(".grid img")
    for _ in range(40):
        page.keyboard.press("Tab")
        if at(page):
            break
    assert at(page) == "0:0"  # one step for the whole grid
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert at(page) == "2:0"
    page.keyboard.press("End")
    page.wait_for_selector('[data-at="39:0"]:focus')
    page.keyboard.press("ArrowRight")
    assert at(page) == "39:1"
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert len(visit.unblurred()) == 1
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert visit.unblurred() == []


def test_a_row_is_opened_left_and_closed(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.locator('[data-at="0:1"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert "row 1 of 40" in page.locator("dialog").inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert "row 2 of 40" in page.locator("dialog").inner_text()
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert len(visit.unblurred()) >= 2
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert at(page) == "0:1"  # where it was


def test_a_question_mark_lists_the_keys(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.keyboard.press("?")
    assert "show a picture, or blur it again" in page.locator("dialog[open]").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.get_by_label("Search prompts").press("?")
    assert page.locator("dialog").count() == 0
    assert page.get_by_label("Search prompts").input_value() == "?"


def test_numbers_and_arrows_change_tabs(visit: Visit) -> None:
    page = visit.to("")
    page.keyboard.press("4")
    assert page.get_by_role("tab", selected=True).inner_text() == "Charts"
    page.get_by_role("tab", selected=True).press("ArrowRight")
    page.wait_for_selector("#tab-runs:focus")
