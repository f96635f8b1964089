"""Filters of the gate: what they leave out is kept."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

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
