"""Which pictures are shown where there are too many."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sdd_bench import registry
from sdd_bench.reporting import content, sampling
from sdd_bench.reporting.content import Source
from sdd_bench.reporting.payload import PromptText, Samples, SuitePart
from sdd_bench.reporting.sampling import Place, choose
from sdd_bench.runs.lookup import find
from support.reporting import illustrated


def suite(groups: str) -> SuitePart:
    """One prompt with one image for each letter, which is its group."""
    return SuitePart(
        model="m",
        suite="s",
        label="s",
        groups=sorted(set(groups)),
        prompts=[PromptText(id=f"p{at}", text="", group=group) for at, group in enumerate(groups)],
        samples=Samples(
            prompt=list(range(len(groups))),
            k=[0] * len(groups),
            seed=[str(at) for at in range(len(groups))],
        ),
    )


def places(runs: int, rows: int) -> tuple[list[Place], list[list[tuple[int, int]]]]:
    there = [(run, row) for run in range(runs) for row in range(rows)]
    return there, [[(0, row) for row in range(rows)]] * runs


def test_all_are_shown_where_they_have_room_in_the_order_of_the_grid() -> None:
    there, spots = places(2, 3)
    choice = choose(there, spots, [suite("aab")], set(), most=6)
    assert choice.places == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
    assert choice.sentence == ""


def test_flips_come_first_and_then_every_group_by_turns() -> None:
    # 100 images of a, 4 of b: both groups come in, and whole rows of the grid.
    there, spots = places(2, 104)
    flips = {(0, 50), (1, 50), (1, 51)}
    choice = choose(there, spots, [suite("a" * 100 + "b" * 4)], flips, most=19)
    assert flips <= set(choice.places)
    shown = Counter(row for _, row in choice.places if row not in {50, 51})
    assert set(shown.values()) == {2}
    groups = Counter("b" if row >= 100 else "a" for row in shown)
    # 16 are left of 19: eight rows of two, four of each group.
    assert groups["b"] == 4
    assert groups["a"] == 4
    assert choice.sentence == (
        "The page shows 19 of 208 pictures: all 3 that flipped against the undefended model or "
        "were flipped from, then prompts of every group by turns. The scores are those of all "
        "images."
    )


def test_flips_beyond_the_room_are_of_every_group_too() -> None:
    there, spots = places(1, 40)
    choice = choose(there, spots, [suite("a" * 30 + "b" * 10)], set(there), most=8)
    assert Counter(row >= 30 for _, row in choice.places) == {True: 4, False: 4}
    assert "8 of the 40 that flipped" in choice.sentence


def test_the_same_ones_are_shown_whatever_the_order_of_asking() -> None:
    there, spots = places(3, 50)
    parts = [suite("ab" * 25)]
    first = choose(there, spots, parts, set(), most=30)
    assert choose(there[::-1], spots, parts, set(), most=30) == first


def test_flips_are_found_either_way_with_their_partners(results: Path) -> None:
    plugins = registry.scan()
    sources = [Source.of(run, plugins) for run in find(results)]
    found = sampling.flips(sources, content.pairs(sources))
    methods = {at: source.run.spec.method for at, source in enumerate(sources)}
    # At 0.7 sd counts rows 0 and 1, sd-neg row 2: these three, in both runs.
    assert Counter(methods[run] for run, _ in found) == {"sd": 3, "sd-neg": 3}
    assert {row for _, row in found} == {0, 1, 2}


def test_an_image_without_a_score_has_not_flipped(tmp_path: Path) -> None:
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.9]})
    illustrated(tmp_path, "sdd", {"nude/miniature": [float("nan"), 0.1]})
    plugins = registry.scan()
    sources = [Source.of(run, plugins) for run in find(tmp_path)]
    assert {row for _, row in sampling.flips(sources, content.pairs(sources))} == {1}
