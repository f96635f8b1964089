"""Paths that environment variables name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.files.environment import named
from sdd_bench.suites import catalog as suites
from sdd_bench.weights import catalog as weights


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SDD_BENCH_X", raising=False)
    assert named("SDD_BENCH_X", "a/b") == Path("a/b")
    monkeypatch.setenv("SDD_BENCH_X", " ")
    assert named("SDD_BENCH_X", "a/b") == Path("a/b")
    monkeypatch.setenv("SDD_BENCH_X", "c")
    assert named("SDD_BENCH_X", "a/b") == Path("c")


def test_a_home_that_nobody_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDD_BENCH_X", "~no-such-user/weights")
    with pytest.raises(InputError, match=r"variable SDD_BENCH_X names '~no-such-user/weights'"):
        named("SDD_BENCH_X", "a/b")


@pytest.mark.parametrize(
    ("variable", "folder"),
    [("SDD_BENCH_PROMPTS", suites.folder), ("SDD_BENCH_WEIGHTS", weights.folder)],
)
def test_the_folders_of_the_user_are_such_paths(
    monkeypatch: pytest.MonkeyPatch, variable: str, folder: Callable[[], Path]
) -> None:
    monkeypatch.setenv(variable, "~no-such-user/x")
    with pytest.raises(InputError, match=f"variable {variable} names '~no-such-user/x'"):
        folder()
    monkeypatch.setenv(variable, "")
    assert folder().is_relative_to(Path("~/.cache/sdd-bench").expanduser())
