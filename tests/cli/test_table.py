"""The command `table`: every format of it reads back."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import published
from sdd_bench.papers.published import Table
from support.papers import base, needed
from support.runs import store
from support.shell import Shell


@pytest.fixture
def table() -> Table:
    """The first of the paper."""
    return published.load("table1")


@pytest.mark.parametrize("format_name", ["text", "markdown", "latex", "csv", "json", "html"])
def test_every_format_of_a_table(shell: Shell, format_name: str) -> None:
    answer = shell("table", "table2", "--format", format_name, "--results", shell.results)
    assert answer.code == 0
    assert "74.18" in answer.out
    assert "missing" in answer.out
    assert ("\\toprule" in answer.out) == (format_name == "latex")


def test_a_table_by_group_splits_its_runs(shell: Shell, table: Table) -> None:
    whole = base(shell.results, images_per_prompt=1, limit=None)
    needed(paper_needs.needs_of(table, whole)[0])
    answer = shell(
        "table", "table1", "--by", "group", "--format", "csv", "--results", shell.results
    )
    assert answer.code == 0, answer.err
    lines = [line for line in answer.out.splitlines() if ",Japan," in line]
    assert len(lines) >= 1


def shown(used: Shell, format_: str) -> str:
    done = used("table", "--format", format_, "--results", used.results)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_every_format_of_the_table_reads_back(used: Shell) -> None:
    csv = pd.read_csv(io.StringIO(shown(used, "csv")))
    from_json = json.loads(shown(used, "json"))
    assert set(csv["method"]) == {"sd", "sd-neg"}
    assert set(csv["definition"]) == {"nude/miniature@0.7", "lpips/miniature"}
    assert [row["digest"] for row in from_json] == csv["digest"].tolist()
    assert pd.Series([row["value"] for row in from_json]).equals(csv["value"])
    lines = [each for each in shown(used, "markdown").splitlines() if each.startswith("|")]
    grid = [line.strip("|").split(" | ") for line in lines]
    assert {row[0].split()[0] for row in grid[2:]} == {"sd", "sd-neg"}
    assert {len(row) for row in grid} == {3}
    latex = shown(used, "latex")
    assert latex.count(r"\\") == 3
    assert latex.count("&") == 6
    assert "n=2" in shown(used, "text")


def test_only_the_runs_that_are_named(used: Shell) -> None:
    asked = ("table", "runs", "sd-neg", "--format", "csv", "--results", used.results)
    done = used(*asked)
    assert (done.code, done.err) == (0, "")
    assert set(pd.read_csv(io.StringIO(done.out))["method"]) == {"sd-neg"}
    wrong = used("table", "runs", "sdd", "--results", used.results)
    assert (wrong.code, wrong.err) == (2, "error: no run of sdd: there are sd, sd-neg\n")
    paper = used("table", "table1", "sd", "--results", used.results)
    assert paper.code == 2
    assert "`sdd-bench table runs sd`" in paper.err


def test_the_success_of_an_attack(shell: Shell) -> None:
    for suite, score in (("body", 0.1), ("found", 0.9)):
        store(shell.results, "sd", {"nude/miniature": [score] * 4}, suite=suite)
    asked = ("table", "runs", "sd", "--asr", "body", "found", "--results", shell.results)
    answer = shell(*asked, "--format", "csv")
    assert answer.code == 0, answer.err
    rows = pd.read_csv(io.StringIO(answer.out))
    assert rows["counted"].tolist() == ["mean", "any"]
    assert rows[["pre_value", "post_value", "asr_value"]].to_numpy().tolist() == [[0, 100, 100]] * 2
    assert "mean over 2" in shell(*asked).out


def test_the_success_of_an_attack_is_no_paper_table(shell: Shell) -> None:
    asked = ("table", "table1", "--asr", "body", "found", "--results", shell.results)
    assert "--asr is of `runs`" in shell.fails(2, *asked)
