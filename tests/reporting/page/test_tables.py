"""Cells of tables, whose text has the lines that a terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.browser import Visit

CELLS = {
    "72.5 [66.0, 78.2]\nn=200": ("72.5", "[66.0, 78.2]", "n=200"),
    "72.5 [66.0, 78.2] n=200": ("72.5", "[66.0, 78.2]", "n=200"),
    "6.0* [1, 2]\nnoise [3, 4]\npaper 7 (−1)": ("6.0*", "[1, 2]", "noise [3, 4]\npaper 7 (−1)"),
    "−0.5 [−1.0, 2.0]": ("−0.5", "[−1.0, 2.0]", ""),
    "– (is the baseline)": ("–", "", "(is the baseline)"),
    "paper 70.02*\nmissing (not run)": ("", "", "paper 70.02*\nmissing (not run)"),
    "80.0": ("80.0", "", ""),
}
"""Texts, each as value, interval, and what else is said."""


def test_a_value_stands_out_from_what_is_said_of_it(visit: Visit) -> None:
    page = visit.to("tab=tables")
    found = page.evaluate("texts => texts.map(cellLines)", list(CELLS))
    assert {text: tuple(parts.values()) for text, parts in zip(CELLS, found, strict=True)} == CELLS


def test_lines_of_a_cell_are_lines_and_other_signs_are_shown(visit: Visit) -> None:
    page = visit.to("tab=tables")
    assert page.evaluate("linesOf('one\\ntwo\\tthree')") == "one\ntwo\u2409three"
    shown = page.locator("#panel").inner_text()
    assert "\u240a" not in shown
    assert "\u240a" in page.evaluate("visible('a\\nb')")  # it would be found
