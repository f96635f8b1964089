"""Pictures are blurred until somebody wants to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.browser import Visit

VIEWS = ["tab=pictures", *(f"tab=pictures&open=3&mode={mode}" for mode in
         ("side", "swipe", "onion", "difference"))]  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_unblurred_before_a_click(visit: Visit, view: str) -> None:
    page = visit.to(view)
    page.wait_for_selector("#panel img")
    assert page.locator("img").count() > 0
    assert visit.unblurred() == []


def test_a_click_shows_one_picture_and_the_next_click_opens_it(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.wait_for_selector(".grid img")
    page.locator('[data-at="0:1"]').click()
    page.wait_for_timeout(300)
    assert len(visit.unblurred()) == 1
    page.locator('[data-at="0:1"]').click()
    page.wait_for_selector("dialog[open] img")
    page.wait_for_timeout(300)
    assert len(visit.unblurred()) == 2  # the same in the grid and in the row that is open


def test_what_is_shown_is_forgotten_with_the_page(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.get_by_label("Show all pictures unblurred").check()
    page.wait_for_selector(".grid img")
    page.wait_for_timeout(300)
    assert len(visit.unblurred()) == page.locator("img").count() > 0
    assert visit.saved() == "tab=pictures"
    page.reload()
    page.wait_for_selector(".grid img")
    assert visit.unblurred() == []


def test_two_pictures_in_one_place_are_shown_together(visit: Visit) -> None:
    page = visit.to("tab=pictures&open=0&mode=difference")
    page.wait_for_selector("dialog .layer img")
    page.locator("dialog .pic").click()
    page.wait_for_timeout(300)
    assert page.locator("dialog .pic.revealed img").count() == 2
    page.locator("dialog .pic").click()
    page.wait_for_timeout(300)
    assert visit.unblurred() == []


def test_nothing_of_a_picture_is_in_the_page_before_a_click_but_a_few_pixels(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.wait_for_selector(".grid img")
    sizes = page.eval_on_selector_all("img", "all => all.map(each => each.naturalWidth)")
    assert set(sizes) == {8}
    assert page.evaluate("urls.size") == 0


def test_addresses_of_pictures_far_away_are_given_back(visit: Visit) -> None:
    page = visit.to("tab=pictures")
    page.get_by_label("Show all pictures unblurred").check()
    page.wait_for_selector(".grid img.sharp")
    rows = page.locator(".grid .rows .row").count()
    assert 0 < rows < 20  # of 40
    page.evaluate("() => { document.querySelector('.grid').scrollTop = 1e6 }")
    page.wait_for_selector('[data-at="39:0"] img.sharp')
    page.wait_for_timeout(300)
    users = page.evaluate("[...urls.values()].reduce((sum, each) => sum + each.users, 0)")
    assert users == page.locator("img").count()
