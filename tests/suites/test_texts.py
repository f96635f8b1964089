"""What keeps a text from being a prompt, a concept or a name."""

from __future__ import annotations

import pytest

from sdd_bench.suites import texts


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "is empty"),
        (" \n\t\u3000", "is empty"),
        ("\u200b\ufeff\x07\x1a", "is empty"),
        ("a\0b", "holds a zero byte, which no text has: the file is damaged"),
        ("a\udcff", "holds half a character (a lone surrogate), which is no Unicode"),
        (
            "a" * 100_001,
            "has 100,001 characters, and 100,000 are read: a quote may lack its end",
        ),
    ],
)
def test_what_is_no_text_says_why(text: str, wrong: str) -> None:
    assert texts.flaw(text) == wrong


@pytest.mark.parametrize(
    "text", ["a", " a cat\n", "–", "猫", "\U0001f408", "a\x1b[31m", "a" * 100_000]
)
def test_anything_that_can_be_seen_is_a_text(text: str) -> None:
    assert texts.flaw(text) == ""
