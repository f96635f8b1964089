"""`figure`: one command per figure."""

from __future__ import annotations

import pytest

from support.figures import HEADS, pixels
from support.shell import Shell


def test_a_grid_is_written_and_what_is_blurred_is_said(used: Shell) -> None:
    path = used.folder / "grid.png"
    done = used(
        "figure", "grid", "sd", "sd-neg", "--suite", "toy", "--results", used.results, "--out", path
    )
    assert (done.code, done.out) == (0, f"{path}\n")
    assert path.read_bytes().startswith(HEADS[".png"])
    # 6.75 inches of 300 dots.
    assert pixels(path).shape[1] == 2025


@pytest.mark.parametrize(
    "command",
    [
        ("grid", "sd", "--suite", "toy"),
        ("matrix", "--method", "sd"),
        ("training", "sdd", "--suite", "toy"),
        ("curve",),
        ("tradeoff",),
        ("groups", "--suite", "toy"),
    ],
    ids=" ".join,
)
def test_a_place_that_is_no_figure_is_refused_in_one_sentence(
    used: Shell, command: tuple[str, ...]
) -> None:
    where = "--results", used.results, "--out"
    assert "says no format" in used.fails(2, "figure", *command, *where, used.folder / "x.jpg")
    assert "the path is empty" in used.fails(2, "figure", *command, *where, "")
    (used.folder / "file").touch()
    line = used.fails(2, "figure", *command, *where, used.folder / "file" / "x.png")
    assert "give another folder with --out" in line


def test_groups_need_groups(used: Shell) -> None:
    line = used.fails(
        2, "figure", "groups", "--suite", "toy", "--results", used.results, "--out", "x.png"
    )
    assert "the prompts of toy have no groups" in line


def test_a_matrix_without_runs_says_where_its_commands_are(used: Shell) -> None:
    line = used.fails(
        3, "figure", "matrix", "--method", "sd-neg", "--limit", 20, "--results", used.results,
        "--out", used.folder / "x.png",
    )  # fmt: skip
    assert "`sdd-bench matrix` with the same options says which commands make them" in line
