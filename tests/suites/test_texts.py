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
    ("data", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS: "),
        (b"\n<!DOCTYPE html>\n<html>", "a page of HTML: download the file itself"),
        (b"PK\x03\x04\x14\x00", "an archive or a spreadsheet: unpack it, or save it as CSV"),
        (b"\x1f\x8b\x08\x00", "compressed: unpack it"),
    ],
)
def test_what_is_no_file_of_texts_is_known_by_its_beginning(data: bytes, what: str) -> None:
    assert texts.foreign(data).startswith(what)
    assert texts.foreign(b"prompt\n" + data) == ""


@pytest.mark.parametrize(
    "text", ["a", " a cat\n", "–", "猫", "\U0001f408", "a\x1b[31m", "a" * 100_000]
)
def test_anything_that_can_be_seen_is_a_text(text: str) -> None:
    assert texts.flaw(text) == ""
