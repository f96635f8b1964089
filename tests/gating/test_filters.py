"""Filters of the gate: what they leave out is kept."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sdd_bench.errors import InputError
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.filters import only, updated
from support.gating import gate_of
from support.shell import Answer, Shell


@pytest.fixture
def gated(used: Shell) -> Callable[..., Answer]:
    """`gate` on results of the miniature, with a baseline of them."""
    return gate_of(used)


def test_an_update_keeps_what_the_filter_leaves_out(used: Shell, gated: Shell) -> None:
    file = used.folder / "baseline.json"
    before = json.loads(file.read_text())["runs"]
    for method in ("sd", "sd-neg"):
        run = used.stored(method)
        run.write_scores(run.scores().assign(**{"nude/miniature": [0.9, 0.1]}))
    assert gated("--update", "--only", "method=sd-neg").code == 0
    after = json.loads(file.read_text())["runs"]
    assert after[0] == before[0]
    assert after[1]["definitions"]["nude/miniature@0.7"]["value"] == 50.0
    assert gated("--only", "method=sd-neg").code == 0


def test_definitions_are_filtered_by_name_or_pattern(base: BaselineRun) -> None:
    (nude,) = only([base], ["definition=nude/*"])
    assert list(nude.recorded) == ["nude/toy@0.7"]
    (two,) = only([base], ["definition=clip/toy", "definition=fid/?oy", "suite=body"])
    assert list(two.recorded) == ["clip/toy", "fid/toy"]
    assert only([base], ["definition=nothing"]) == []
    assert only([base], ["definition=clip/toy", "method=sdd"]) == []
    assert only([base], ["method=a=b"]) == []


@pytest.mark.parametrize("filter_", ["method", "methods=sd", "sd", "=sd"])
def test_a_filter_that_is_none(base: BaselineRun, filter_: str) -> None:
    with pytest.raises(InputError) as caught:
        only([base], [filter_])
    assert str(caught.value) == (
        f"cannot filter by '{filter_}': give model, suite, method, definition with a name or "
        "pattern, such as suite=country_body or definition='nude/*'"
    )


def test_a_run_is_renewed_as_a_whole(base: BaselineRun) -> None:
    with pytest.raises(InputError) as caught:
        updated([base], [], ["definition=nude/*"])
    assert str(caught.value) == (
        "--update renews all values of a run: filter by model, suite or method"
    )
