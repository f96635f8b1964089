"""Arguments of the functions: one name or several, options by keyword."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdd_bench.api.arguments import OptionFields, interruptible, options_of, request_of, several
from sdd_bench.benchmark.request import Options
from sdd_bench.errors import InputError


def test_keywords_are_the_options_of_a_request() -> None:
    known = {each.name for each in fields(Options)}
    assert set(OptionFields.__annotations__) == known | {"concept_set"}


def test_one_name_or_several() -> None:
    assert several("sd") == ("sd",)
    assert several(["sd", "sega", "sd"]) == ("sd", "sega")
    asked = request_of("sd", ["a", "b"], {"metrics": "fid", "results": "here"})
    assert (asked.methods, asked.suites, asked.metrics) == (("sd",), ("a", "b"), ("fid",))
    assert asked.results == Path("here")


def test_without_options_those_of_a_request() -> None:
    assert options_of({}) == Options()


def test_a_set_of_concepts_goes_by_its_name() -> None:
    concepts = options_of({"concept_set": "i2p20"}).concepts
    assert len(concepts) == 20
    assert "hate" in concepts


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"step": 3}, "no option named 'step'. Did you mean 'steps'?"),
        ({"concepts": "a", "concept_set": "i2p20"}, "give concepts or a concept set, not both"),
        ({"concept_set": "i2p21"}, "Did you mean 'i2p20'?"),
    ],
)
def test_what_there_is_not(given: OptionFields, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        options_of(given)


def test_an_interrupt_says_how_to_go_on() -> None:
    def work() -> None:
        with interruptible():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="what is done is kept, the same call goes on"):
        work()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (None, "a method is a text, or give a list of them: not None"),
        (3, "a method is a text, or give a list of them: not 3"),
        (b"sd", "a method is a text, or give a list of them: not b'sd'"),
        (["sd", None], "a method is a text, not None"),
        ("", "a method is empty"),
        (["sd", "  "], "a method is empty"),
        (["sd", "\u200b"], "a method is empty"),
        ("a\0b", "a method holds a zero byte"),
        ("\udcff.py:Mine", "a method holds half a character"),
        ([], "no method is named"),
    ],
)
def test_what_is_no_name(names: object, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        request_of(names, "country_body", {})  # type: ignore[arg-type]


def test_a_path_is_a_name_and_a_number_of_numpy_a_number() -> None:
    given: Any = {"limit": np.int64(2), "guidance_scale": np.float32(7.5)}
    asked = request_of("sd", Path("mine.csv"), given)
    assert asked.suites == ("mine.csv",)
    assert (asked.limit, type(asked.limit), type(asked.guidance_scale)) == (2, int, float)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"concepts": [1]}, "a concept is a text, not 1"),
        ({"concepts": ""}, "a concept is empty"),
        ({"concepts": ["nudity", "\u200b"]}, "a concept is empty"),
        ({"concepts": "\udcff"}, "a concept holds half a character"),
        ({"model": "\udcff"}, "model holds half a character"),
        ({"device": " "}, "device is empty"),
        ({"metrics": 5}, "a metric is a text, or give a list of them: not 5"),
        ({"results": 3}, "results is a path, not 3"),
        ({"device": 0}, "device is a text, not 0"),
        ({"recipe": ["lean"]}, "recipe is a text, not ['lean']"),
    ],
)
def test_options_of_another_kind(given: OptionFields, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        options_of(given)
