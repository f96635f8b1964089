"""What a method takes of its target, minus what it takes of the neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sdd_bench import registry
from sdd_bench.analysis import contrasts
from sdd_bench.analysis.contrasts import Row
from sdd_bench.errors import InputError
from sdd_bench.runs.run import Run
from support.runs import store

ALL, FIGURE, PLACE = (f"shows/miniature{kind}" for kind in ("", "-figure", "-place"))

SEEN, GONE, UNSCORED = 0.9, 0.1, float("nan")


def prompts(*scores: float) -> list[float]:
    """Two images of each prompt with one score."""
    return [score for score in scores for _ in range(2)]


def run(root: Path, method: str, groups: Sequence[str], measures: dict[str, list[float]]) -> Run:
    made = store(root, method, measures)
    column = [group for group in groups for _ in range(2)]
    made.write_scores(made.scores().assign(group=column))
    return made


def rows(one: Run, other: Run) -> list[Row]:
    return contrasts.frame([(one, other)], registry.scan())


def test_a_contrast_of_different_prompts_by_hand(tmp_path: Path) -> None:
    groups = ["target figure"] * 5 + ["near"] * 5
    figure, nothing = [SEEN] * 5, [UNSCORED] * 5
    before = {FIGURE: prompts(*figure, *nothing), ALL: prompts(*[SEEN] * 10)}
    after = {
        FIGURE: prompts(*[GONE] * 4, SEEN, *nothing),
        # That all targets are gone by this definition is not asked for.
        ALL: prompts(*[GONE] * 5, GONE, *[SEEN] * 4),
    }
    (row,) = rows(run(tmp_path, "sd", groups, before), run(tmp_path, "sld", groups, after))
    assert (row.target.definition, row.rest.definition) == (f"{FIGURE}@0.5", f"{ALL}@0.5")
    assert (row.neighbour, row.how) == ("near", "other prompts")
    assert (row.target.pairs, row.rest.pairs) == (10, 10)
    # Of five prompts four lose all: -80, sd sqrt(0.2), t(4) = 2.776445, so +-55.529; and of the
    # others one does: -20, +-55.529. Their squares added: 78.530.
    assert (row.target.change, row.rest.change, row.contrast) == pytest.approx((-80, -20, -60))
    assert (row.target.low, row.target.high) == pytest.approx((-135.529, -24.471), abs=1e-3)
    assert (row.low, row.high) == pytest.approx((-138.530, 18.530), abs=1e-3)
    # z = 60 / (78.530 / 1.959964) = 1.49749, two-sided.
    assert row.p == row.adjusted == pytest.approx(0.13427, abs=1e-4)
    assert row.verdict == "not separated"


def test_a_contrast_of_the_same_images_by_hand(tmp_path: Path) -> None:
    groups = ["target figure, place"] * 5
    before = {FIGURE: prompts(*[SEEN] * 5), PLACE: prompts(*[SEEN] * 5)}
    after = {FIGURE: prompts(*[GONE] * 4, SEEN), PLACE: prompts(GONE, *[SEEN] * 4)}
    (row,) = rows(run(tmp_path, "sd", groups, before), run(tmp_path, "sld", groups, after))
    assert (row.neighbour, row.how) == ("place", "same images")
    assert row.rest.definition == f"{PLACE}@0.5"
    # Target minus place, prompt by prompt: 0, -1, -1, -1, 0. Mean -0.6, sd sqrt(0.3), and
    # 2.776445 x sqrt(0.3 / 5) = 0.68009. t = -0.6 / 0.244949 = -2.44949 on 4 degrees of freedom.
    assert row.contrast == pytest.approx(-60)
    assert (row.low, row.high) == pytest.approx((-128.009, 8.009), abs=1e-3)
    assert row.p == pytest.approx(0.07048, abs=1e-4)


def test_who_lost_more_is_said(tmp_path: Path) -> None:
    groups = ["target"] * 12 + ["near"] * 12
    whole = {ALL: prompts(*[SEEN] * 24)}
    halves = (prompts(*[GONE] * 11, *[SEEN] * 13), prompts(*[SEEN] * 13, *[GONE] * 11))
    before = run(tmp_path, "sd", groups, whole)
    found = [
        rows(before, run(tmp_path, f"other-{at}", groups, {ALL: half}))[0]
        for at, half in enumerate(halves)
    ]
    assert [row.verdict for row in found] == ["target lost more", "neighbour lost more"]
    assert found[0].contrast == pytest.approx(-found[1].contrast)


def test_a_suite_without_targets_says_how_to_have_them(tmp_path: Path) -> None:
    whole = {ALL: prompts(*[SEEN] * 4)}
    both = [run(tmp_path, name, ["a", "a", "b", "b"], whole) for name in ("sd", "sld")]
    with pytest.raises(InputError, match=r"no target and neighbour .* --suite neighbours"):
        rows(both[0], both[1])


def test_the_page_has_a_row_for_every_contrast(tmp_path: Path) -> None:
    groups = ["target"] * 3 + ["near"] * 3 + ["far"] * 3
    whole = {ALL: prompts(*[SEEN] * 9)}
    found = rows(*(run(tmp_path, name, groups, whole) for name in ("sd", "sld")))
    page = contrasts.page(found)
    assert [row[2] for row in page.rows] == ["far (other prompts)", "near (other prompts)"]
    assert page.title.startswith("sd (first) to sld (second), model 'miniature'")
    assert page.tidy["rest_change"].tolist() == [0.0, 0.0]
    third = rows(*(run(tmp_path, name, groups, whole) for name in ("sd", "sega")))
    several = contrasts.page([*found, *third])
    assert several.header[0] == "second"
    assert [row[0] for row in several.rows] == ["sld", "sld", "sega", "sega"]
