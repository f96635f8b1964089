"""Arguments of the functions: one name or several, options by keyword."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

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
