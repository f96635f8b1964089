"""Stored runs: which two belong together, and which one a choice names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.runs import lookup
from sdd_bench.types import Settings
from support.runs import SAFE, store


def test_runs_of_equal_settings_belong_together(tmp_path: Path) -> None:
    made = {
        (method, seed): store(tmp_path, method, SAFE, settings=Settings(seed=seed))
        for method in ("a", "b")
        for seed in (42, 43)
    }
    found = lookup.pairs(list(made.values()), "a", "b")
    assert found == [(made["a", seed], made["b", seed]) for seed in (42, 43)]
    one, other = made["a", 42], made["b", 43]
    labels = lookup.label(one), lookup.label(other)
    assert lookup.pairs(list(made.values()), *labels) == [(one, other)]


def test_a_choice_is_the_users(tmp_path: Path) -> None:
    runs = [store(tmp_path, "a", SAFE, checkpoint=each) for each in ("x", "y")]
    runs.append(store(tmp_path, "b", SAFE))
    with pytest.raises(InputError, match=r"several runs of a or b on body: name two of a-\w+, a-"):
        lookup.pairs(runs, "a", "b")
    with pytest.raises(InputError, match="no run of c: there are a, b"):
        lookup.pairs(runs, "a", "c")
    apart = [runs[0], store(tmp_path, "b", SAFE, suite="other")]
    with pytest.raises(InputError, match="no suite with runs of both a and b"):
        lookup.pairs(apart, "a", "b")


def test_a_folder_that_is_called_like_a_record_stands_in_nobodys_way(tmp_path: Path) -> None:
    store(tmp_path, "sd", {})
    (tmp_path / "runs" / "other" / "x" / "w" / "run.json").mkdir(parents=True)
    assert [run.spec.method for run in lookup.find(tmp_path)] == ["sd"]
