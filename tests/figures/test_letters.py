"""Texts in figures: of whatever length and content, in the room that there is."""

from __future__ import annotations

import pytest

from sdd_bench.figures.letters import length, shown, wrapped


def test_what_acts_or_has_no_letter_is_shown_as_signs() -> None:
    assert shown("a\x1b[0m\nb $x$") == "a\\x1b[0m\\nb $x$"
    assert shown("日a🎈") == "□a□"


def test_lines_are_no_longer_than_their_room() -> None:
    text = "a red tree and a blue boat on the beach, in the style of hokusai"
    lines = wrapped(text, 0.8, 9)
    assert " ".join(lines) == text
    assert max(map(length, lines)) <= 0.8


def test_the_last_line_says_that_there_was_more() -> None:
    lines = wrapped("Japan body " * 40, 0.8, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert max(map(length, lines)) <= 0.8


def test_a_word_that_is_too_long_is_broken() -> None:
    lines = wrapped("x" * 100, 0.5, 99)
    assert "".join(lines) == "x" * 100
    assert max(map(length, lines)) <= 0.5


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_takes_no_line(text: str) -> None:
    assert wrapped(text.replace("\n", ""), 0.5, 3) == []


def test_a_length_is_that_of_the_letters() -> None:
    # An m of DejaVu Sans is 1995 units wide, of 2048 to the size of 7 points.
    assert length("mm") == pytest.approx(2 * 1995 / 2048 * 7 / 72, rel=0.05)
