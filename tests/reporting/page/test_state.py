"""A link leads to what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.browser import Visit


FILLED = "!document.querySelector('.grid .row:not(.head):not(:has(.badge))')"
"""Whether all rows in view have what is in them: they get it some frames after they come."""


def test_what_is_chosen_is_in_the_address_and_comes_back(visit: Visit) -> None:
    page = visit.to("")
    page.get_by_role("tab", name="Thresholds").click()
    page.locator("input[data-definition]").fill("40")
    page.get_by_role("tab", name="Pictures").click()
    page.get_by_label("Suite").select_option("1")
    page.locator("summary", has_text="Filters").click()
    page.get_by_label("Group").select_option("b")
    page.get_by_role("combobox", name="Definition", exact=True).select_option("nude/miniature@0.7")
    page.get_by_label("Sort by").select_option("score")
    page.get_by_label("Search prompts").fill("prompt 1")
    page.get_by_label("Score from").fill("0.01")
    page.locator("button.words").first.click()
    page.get_by_role("button", name="Onion skin").click()
    saved = visit.saved()
    before = page.evaluate("JSON.stringify(store.view)")
    page.wait_for_function(FILLED)
    texts = page.locator(".grid").inner_text()
    again = visit.to(saved)
    assert again.evaluate("JSON.stringify(store.view)") == before
    again.wait_for_selector("dialog[open]")
    again.wait_for_function(FILLED)
    assert again.locator(".grid").inner_text() == texts
    assert visit.saved() == saved


@pytest.mark.parametrize(
    "fragment",
    ["tab=nowhere&suite=99&open=-1&run=x", "low=abc&at=nude/none@1:0.5&at=:&badges=x&hidden=77",
     "%", "open=12345678901234567890"],
)  # fmt: skip
def test_what_does_not_fit_is_left_out(visit: Visit, fragment: str) -> None:
    page = visit.to(fragment)
    assert page.evaluate("toFragment(store.view)") in {"", "badges=&hidden=", "badges="}
    assert page.locator("h2").first.inner_text() == "Runs"


def test_an_address_that_is_changed_by_hand_is_followed(visit: Visit) -> None:
    page = visit.to("tab=tables")
    page.evaluate("() => { location.hash = 'tab=runs' }")
    page.wait_for_selector(".run")
