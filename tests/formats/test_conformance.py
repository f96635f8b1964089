"""Every format shows a page whole, whatever its cells hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from sdd_bench import formats
from sdd_bench.formats.page import Page

every_format = pytest.mark.parametrize("name", formats.names())

SIGNS = r"& % $ # _ { } ~ ^ \ | * ` < > [b] ' – ± ↓ é"
"""Each of them means something in some format, or is no ASCII."""

HOSTILE = "\x1b[2J\x9b2J\u202e\u2028\r\x00"
"""What clears a terminal, turns the direction of letters, or ends a line."""

Render = Callable[[Page], str]


def made(*, value: float = 74.25, rows: int = 2) -> Page:
    """A page with signs, lines and notes, whose words are all different."""
    return Page(
        title="Wagtail",
        header=["method", "Bittern"],
        rows=[["Avocet", "Curlew\nDunlin"], [f"Egret {SIGNS} Fulmar", ""]][:rows],
        tidy=pd.DataFrame({"label": ["Avocet", "Egret"], "value": [value, 1.5]}).head(rows),
        notes=["Gannet.", f"Heron {SIGNS} Ibis."],
    )


def of(name: str) -> Render:
    return lambda page: formats.render(page, name, width=200)


def shows_numbers(render: Render) -> bool:
    """Whether the numbers behind the page are what a format writes, and not its text."""
    return render(made(value=1.0)) != render(made(value=2.0))


def check_everything_is_shown(render: Render) -> None:
    text = render(made())
    if shows_numbers(render):
        expected = ["label", "Avocet", "Egret", "74.25", "1.5"]
    else:
        expected = [
            "Wagtail", "method", "Bittern", "Avocet", "Curlew", "Dunlin", "Egret", "Fulmar",
            "Gannet", "Heron", "Ibis",
        ]  # fmt: skip
    assert [word for word in expected if word not in text] == []


def check_nan_is_no_number(render: Render) -> None:
    if shows_numbers(render):
        nan, zero = render(made(value=math.nan)), render(made(value=0.0))
        assert nan != zero
        assert "0.0" in zero
        assert "0.0" not in nan


def check_nothing_acts(render: Render) -> None:
    page = Page(
        title=f"Wagtail{HOSTILE}\ud800",
        header=["method", f"Bittern{HOSTILE}"],
        rows=[[f"{HOSTILE}Avocet", f"Curlew{HOSTILE}\nDunlin"]],
        tidy=pd.DataFrame({"label": [f"Avocet{HOSTILE}"], "value": [1.0]}),
        notes=[f"{HOSTILE}Gannet."],
    )
    text = render(page)
    text.encode("utf-8")
    assert [letter for letter in text if letter in HOSTILE and not letter.isprintable()] == []
    assert "Avocet" in text


@every_format
def test_nothing_acts_in_a_terminal(name: str) -> None:
    check_nothing_acts(of(name))


@every_format
def test_everything_on_a_page_is_shown(name: str) -> None:
    check_everything_is_shown(of(name))


@every_format
def test_a_value_that_could_not_be_measured_is_no_number(name: str) -> None:
    check_nan_is_no_number(of(name))


@every_format
def test_the_same_page_is_the_same_text(name: str) -> None:
    assert of(name)(made()) == of(name)(made())


@every_format
def test_a_page_may_be_empty_and_narrow(name: str) -> None:
    empty = replace(made(rows=0), notes=())
    text = formats.render(empty, name, width=20)
    assert "label" in text or shows_numbers(of(name)) or "Wagtail" in text


# --- the checks above can fail ----------------------------------------------------------------


def test_a_format_that_loses_a_line_would_be_found() -> None:
    def lossy(page: Page) -> str:
        cells = [cell.partition("\n")[0] for row in page.rows for cell in row]
        return " ".join([page.title, *page.header, *cells, *page.notes])

    with pytest.raises(AssertionError, match="Dunlin"):
        check_everything_is_shown(lossy)


def test_a_format_that_writes_zero_for_nan_would_be_found() -> None:
    def zero(page: Page) -> str:
        return page.tidy.fillna(0.0).to_csv()

    check_everything_is_shown(zero)
    with pytest.raises(AssertionError):
        check_nan_is_no_number(zero)


def test_a_format_that_lets_an_escape_through_would_be_found() -> None:
    with pytest.raises(AssertionError):
        check_nothing_acts(lambda page: f"Avocet {page.notes[0]}")
