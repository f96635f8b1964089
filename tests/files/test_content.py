"""The content of a file, field by field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given

from sdd_bench import files
from support.fuzz import BRIEFLY, anything, or_a_sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    steps: int
    scale: float = 7.5
    kind: Literal["mean", "rate"] = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    inner: Inner = Inner(steps=25)
    words: tuple[str, ...] = ()
    note: str | None = None
    free: Mapping[str, object] = field(default_factory=dict)


def test_json_becomes_what_is_asked_for() -> None:
    text = """{
        "name": "é", "inner": {"steps": 2, "scale": 7}, "words": ["a", "b"], "note": null,
        "free": {"x": [1, 2.5, {"y": null}]}
    }"""
    found = files.parse_json(text.encode(), Outer)
    assert found == Outer(
        name="é",
        inner=Inner(steps=2, scale=7.0),
        words=("a", "b"),
        free={"x": [1, 2.5, {"y": None}]},
    )
    assert files.parse_json(b'{"name": "n"}', Outer) == Outer(name="n")
    # As Windows' editors write it.
    assert files.parse_json(b'\xef\xbb\xbf{"name": "n"}', Outer) == Outer(name="n")


FAULTS = [
    ('{"name": "n", "inner": {"steps": "25"}}', 'inner.steps should be a valid integer, not "25"'),
    ('{"name": "n", "inner": {"steps": 25.0}}', "inner.steps should be a valid integer, not 25.0"),
    ('{"name": "n", "inner": {"steps": true}}', "inner.steps should be a valid integer, not true"),
    ('{"name": "n", "inner": {"steps": null}}', "inner.steps should be a valid integer, not null"),
    ('{"name": "n", "inner": {}}', "inner.steps is missing"),
    ('{"name": "n", "inner": [25]}', "inner should be an object, not [25]"),
    (
        '{"name": "n", "inner": {"steps": 1, "scale": "7"}}',
        'inner.scale should be a valid number, not "7"',
    ),
    (
        '{"name": "n", "inner": {"steps": 1, "kind": "sum"}}',
        """inner.kind should be 'mean' or 'rate', not "sum\"""",
    ),
    ('{"name": "n", "inner": {"steps": 1, "stpes": 2}}', "inner.stpes is unknown"),
    ('{"name": 3}', "name should be a valid string, not 3"),
    ('{"name": "n", "words": "abc"}', 'words should be a valid array, not "abc"'),
    ('{"name": "n", "words": ["a", 1]}', "words.1 should be a valid string, not 1"),
    ('{"name": "n", "note": 3}', "note should be a valid string, not 3"),
    ("{}", "name is missing"),
    ("[1]", "the content should be an object, not [1]"),
    ('{"nam": "n"}', "name is missing; nam is unknown"),
    (
        '{"a": 1, "b": 2, "c": 3, "d": 4}',
        "name is missing; a is unknown; b is unknown; and 2 more",
    ),
    (f'{{"name": {[0] * 99}}}', f"name should be a valid string, not [{'0, ' * 19}0,"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_fault_names_the_field_what_was_given_and_what_is_expected(
    text: str, message: str
) -> None:
    with pytest.raises(files.ContentError) as caught:
        files.parse_json(text.encode(), Outer)
    assert str(caught.value).strip() == message
    with pytest.raises(files.ContentError) as caught:
        files.checked(json.loads(text), Outer)
    assert str(caught.value).strip() == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b'{\n"name": }', "expected value at line 2 column 9"),
        (b'{"name": "\xff"}', "invalid unicode code point at line 1"),
    ],
)
def test_what_is_no_json_says_where(data: bytes, message: str) -> None:
    with pytest.raises(files.ContentError, match=f"^not JSON: {message}"):
        files.parse_json(data, Outer)


def test_what_is_no_number_is_read_as_python_reads_it() -> None:
    text = '{"name": "n", "inner": {"steps": 1, "scale": NaN}, "free": {"x": -Infinity}}'
    found = files.parse_json(text.encode(), Outer)
    assert math.isnan(found.inner.scale)
    assert math.isnan(json.loads(text)["inner"]["scale"])
    assert found.free == json.loads(text)["free"] == {"x": -math.inf}


def test_unknown_fields_may_be_left_out() -> None:
    text = b'{"name": "n", "inner": {"steps": 1, "new": 2}, "newer": 3}'
    assert files.parse_json(text, Outer, extra="ignore") == Outer(name="n", inner=Inner(steps=1))


def test_toml_is_read_as_json_is() -> None:
    text = 'name = "n"\nwords = ["a"]\n[inner]\nsteps = 1\nscale = 7\n'
    assert files.parse_toml(text, Outer) == Outer(
        name="n", inner=Inner(steps=1, scale=7.0), words=("a",)
    )
    for old, new, message in (
        ("steps = 1", 'steps = "1"', r'^inner\.steps should be a valid integer, not "1"$'),
        ("steps = 1", "steps = 2026-11-26", r'^inner\.steps should be .*, not "2026-11-26"$'),
        ("steps = 1", "steps =", r"^not TOML: Invalid value \(at line 4, column 8\)$"),
        ("[inner]", "[other]", r"^other is unknown$"),
    ):
        with pytest.raises(files.ContentError, match=message):
            files.parse_toml(text.replace(old, new), Outer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=" + "[" * 100_000, "maximum recursion depth exceeded"),
        (f"[{'.'.join('a' * 100_000)}]", "maximum recursion depth exceeded"),
        (f"a={'9' * 5000}", "Exceeds the limit .* value has 5000 digits$"),
    ],
)
def test_toml_that_is_absurd_is_not_toml(text: str, message: str) -> None:
    with pytest.raises(files.ContentError, match=f"^not TOML: {message}"):
        files.parse_toml(text, dict[str, object])


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, f"{'[' * 999}{']' * 999}"])
def test_json_that_is_nested_too_deep_is_not_json(text: str) -> None:
    with pytest.raises(files.ContentError, match=r"^not JSON: recursion limit exceeded"):
        files.parse_json(text.encode(), dict[str, object])


@pytest.mark.parametrize(
    ("text", "message"),
    [('steps\n"1', "not CSV: unexpected end"), ("9" * 200_000, "not CSV: field larger")],
)
def test_a_table_that_is_cut_or_absurd_is_not_csv(text: str, message: str) -> None:
    with pytest.raises(files.ContentError, match=message):
        files.parse_csv(text, Inner)


def test_a_row_of_csv_is_an_object_and_an_empty_cell_is_not_there() -> None:
    found = files.parse_csv("steps,more,scale\r\n1,x,\r\n2,,8.5\r\n", Inner)
    assert found == [Inner(steps=1), Inner(steps=2, scale=8.5)]
    with pytest.raises(files.ContentError) as caught:
        files.parse_csv('more,steps\n"two\nlines",1\n,many\n', Inner)
    # The second row stands behind a cell of two lines.
    assert str(caught.value) == 'line 4: steps should be a valid integer, not "many"'


# --- anything at all --------------------------------------------------------------------------


@BRIEFLY
@given(anything(b'{"name": "n", "inner": {"steps": 2}, "words": ["a"], "free": {"x": [1, null]}}'))
def test_any_bytes_are_json_or_have_a_sentence(data: bytes) -> None:
    with or_a_sentence(files.ContentError):
        assert isinstance(files.parse_json(data, Outer), Outer)


@BRIEFLY
@given(anything(b'name = "n"\nwords = ["a"]\n[inner]\nsteps = 1\n[free]\nx = [1, 2020-01-01]\n'))
def test_any_bytes_are_toml_or_have_a_sentence(data: bytes) -> None:
    with or_a_sentence(files.ContentError):
        assert isinstance(files.parse_toml(files.decoded(data), Outer), Outer)


@BRIEFLY
@given(anything(b'steps,more,scale\n1,"x",\n2,,8.5\n'))
def test_any_bytes_are_csv_or_have_a_sentence(data: bytes) -> None:
    with or_a_sentence(files.ContentError):
        assert all(isinstance(row, Inner) for row in files.parse_csv(files.decoded(data), Inner))
