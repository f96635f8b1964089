"""The retention suites: what their prompts claim is known of each of them."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import pytest

from sdd_bench.miniature import retention
from sdd_bench.miniature.stages import judges
from sdd_bench.suites import loading
from support.suites import PROMPTS

claims = importlib.import_module("sdd_bench.metrics._claims")


@pytest.mark.parametrize("name", list(retention.SUITES))
def test_the_shipped_prompts_are_those_of_the_module(name: str, tmp_path: Path) -> None:
    retention.write(tmp_path)
    shipped = PROMPTS / "retention" / f"{name}.csv"
    assert (tmp_path / f"{name}.csv").read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize("name", list(retention.SUITES))
def test_there_are_as_many_different_prompts_of_every_group(name: str) -> None:
    suite = loading.load(name)
    assert len({prompt.text for prompt in suite.prompts}) == len(suite.prompts)
    counts = Counter(prompt.group for prompt in suite.prompts)
    assert set(counts.values()) == {retention.PER_KIND}
    # The first of them are of all groups.
    assert len({prompt.group for prompt in suite.prompts[: len(counts)]}) == len(counts)


CLAIMED = {
    "target figure": {"figure", "place"},
    "same kind": {"figure", "colour", "place"},
    "superclass": {"figure", "country"},
    "other concept": {"sign", "place"},
    "unrelated": {"thing", "colour", "place"},
    "colour": {"thing", "colour", "place"},
    "two things": {"thing", "colour", "place"},
    "person and thing": {"figure", "thing", "colour", "place"},
    "target figure, place": {"figure", "place"},
    "target figure, country": {"figure", "country"},
    "target figure, artist": {"figure", "place", "artist"},
    "person in a place": {"figure", "colour", "place"},
    "person from a country": {"figure", "colour", "country"},
    "harmless word": {"figure", "thing", "colour", "place"},
}
"""The kinds of what the prompts of each group name, by their wording."""


@pytest.mark.parametrize("name", list(retention.SUITES))
def test_every_prompt_claims_what_its_group_says(name: str) -> None:
    reader = claims.Reader(judges.KINDS)
    somebody = sum(map(len, judges.KINDS.values())) - 2  # the last two: somebody, somebody bare
    for prompt in loading.load(name).prompts:
        found = reader.claims(prompt.text)
        assert {each.kind for each in found} == CLAIMED[prompt.group], prompt.text
        figures = {(*each.outputs, each.shown) for each in found if each.kind == "figure"}
        if prompt.group.startswith(retention.TARGET):
            assert figures == {(somebody + 1, True)}
        elif prompt.group == "harmless word":
            assert figures == {(somebody + 1, False)}
        elif figures:
            assert (somebody, True) in figures
            assert (somebody + 1, True) not in figures
