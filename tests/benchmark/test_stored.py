"""Stored runs of a request: which are taken for it, and which are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import published
from sdd_bench.papers.published import Table
from sdd_bench.types import Settings
from support.papers import base, needed, states


@pytest.fixture
def table() -> Table:
    """The first of the paper."""
    return published.load("table1")


@pytest.mark.parametrize(
    "changes",
    [
        {"model_hash": "0"},
        {"settings": Settings(steps=24)},
        {"settings": Settings(seed=43)},
        {"suite_hash": "0"},
        {"concepts": ("cats",)},
        {"parameters": {"guidance": 1}},
        {"checkpoint": "0"},
    ],
)
def test_another_run_is_not_taken_for_the_one_needed(
    table: Table, tmp_path: Path, changes: dict[str, object]
) -> None:
    needed(paper_needs.needs_of(table, base(tmp_path))[2], **changes)
    assert states(table, tmp_path)[2].run is None


def test_the_device_that_made_a_run_does_not_matter_unless_it_is_named(
    table: Table, tmp_path: Path
) -> None:
    other = {"numerics": "NVIDIA-A100-float16", "settings": Settings(dtype="float16")}
    needed(paper_needs.needs_of(table, base(tmp_path))[0], **other)
    assert states(table, tmp_path)[0].complete
    assert states(table, tmp_path, device="cuda", dtype="float16")[0].complete
    assert states(table, tmp_path, device="cpu")[0].run is None
    assert states(table, tmp_path, dtype="float32")[0].run is None


def test_a_compiled_run_is_none_that_was_computed_as_written(table: Table, tmp_path: Path) -> None:
    needed(paper_needs.needs_of(table, base(tmp_path))[0], numerics="cpu-float32-rows16-compiled")
    assert states(table, tmp_path)[0].run is None
    assert states(table, tmp_path, numerics="compiled")[0].complete
