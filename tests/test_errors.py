"""Words of errors: what would act in a terminal is spelt out, and all else stays as it is."""

from __future__ import annotations

import pytest

from sdd_bench.errors import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jcls\x1b[31m", r"\x1b[2Jcls\x1b[31m"),
        ("a\x00b\x07\x08\x7f", r"a\x00b\x07\x08\x7f"),
        ("\x9b2J", r"\x9b2J"),  # the escape sequence in one byte
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),  # the end is shown first
        ("a\u2066b\u2028c\ufeff", r"a\u2066b\u2028c\ufeff"),
        ("\ud800", r"\ud800"),
        ("a\u200db", r"a\u200db"),
        ("\U000e0041", r"\U000e0041"),  # tags: letters that nobody sees
    ],
)
def test_what_acts_is_spelt_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        r"C:\x1b",
        "é – ± ↓ 日本 עברית",
        "no\u00a0break",
        "a\u0301",
        "می\u200cخواهم",  # Persian joins letters with it
        "\U0001f469\u200d\U0001f680",  # one emoji of two
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_lines_stay_where_they_are_meant() -> None:
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"
