"""What a person at the command line sees."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from sdd_bench import __version__, models
from sdd_bench.runs.lookup import find
from sdd_bench.runs.run import Run

if TYPE_CHECKING:
    from tests.conftest import Shell

METRICS = ("--metric", "nude/miniature@0.7", "--metric", "lpips/miniature")


def pictures(run: Run) -> dict[str, tuple[bytes, int]]:
    """Contents and modification times."""
    files = sorted((run.folder / "images").iterdir())
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


# --- run --------------------------------------------------------------------------------------


def test_run_prints_the_table_and_says_where_the_pictures_are(shell: Shell) -> None:
    done = shell.run("--method", "sd-neg", *METRICS)
    assert done.code == 0
    assert "toy nude/miniature@0.7 % ↓" in " ".join(done.out.split())
    for method in ("sd", "sd-neg"):
        folder = shell.stored(method).folder / "images"
        assert f"{method} on toy: {folder}" in done.out.splitlines()
        assert sorted(path.name for path in folder.iterdir()) == ["bare_0000.png", "japan_0000.png"]
    assert "images/s" in done.err
    assert "images/s" not in done.out
    assert "is the baseline" in done.out
    assert shell.stored("sd-neg").scores()["lpips/miniature"].gt(0).all()


def test_run_does_nothing_twice(used: Shell) -> None:
    before = {method: pictures(used.stored(method)) for method in ("sd", "sd-neg")}
    first = used.run("--method", "sd-neg", *METRICS)
    assert first.code == 0
    assert first.err == ""
    assert {method: pictures(used.stored(method)) for method in ("sd", "sd-neg")} == before
    assert used.run("--method", "sd-neg", *METRICS).out == first.out


def test_a_smaller_request_keeps_what_there_is_and_a_bigger_one_adds_to_it(used: Shell) -> None:
    before, scores = pictures(used.stored()), used.stored().scores()
    assert "n=2" in used.run("--limit", 1, *METRICS).out
    assert pictures(used.stored()) == before
    assert used.stored().scores().equals(scores)
    assert "n=3" in used.run("--limit", 3, *METRICS).out
    assert pictures(used.stored()).items() > before.items()
    assert used.stored().scores().head(2).equals(scores)


def test_other_settings_are_another_run(used: Shell) -> None:
    assert used.run("--seed", 43, "--limit", 1, *METRICS).code == 0
    runs = [run.spec for run in find(used.results) if run.spec.method == "sd"]
    assert {spec.settings.seed for spec in runs} == {42, 43}


def test_a_folder_is_a_model_with_the_metrics_asked_for(
    shell: Shell, copied_miniature: Path
) -> None:
    done = shell.run("--model", copied_miniature, "--metric", "nude/miniature@0.7", "--limit", 1)
    assert done.code == 0, done.err
    assert "model 'copied-miniature'" in done.out
    assert shell("table", "--results", shell.results).code == 0
    again = shell("score", shell.stored().folder, "--metric", "clip/miniature")
    assert again.code == 0, again.err


# --- score, table, list -----------------------------------------------------------------------


def test_score_adds_a_column_and_no_picture(used: Shell) -> None:
    runs = [used.stored(method) for method in ("sd", "sd-neg")]
    before, columns = [pictures(run) for run in runs], [set(run.scores().columns) for run in runs]
    done = used("score", *(run.folder for run in runs), "--metric", "clip/miniature")
    assert done.code == 0
    assert "clip/miniature" in done.out
    assert [pictures(run) for run in runs] == before
    added = [set(run.scores().columns) - old for run, old in zip(runs, columns, strict=True)]
    assert added == [{"clip/miniature"}] * 2


def test_score_reads_stored_scores_at_another_threshold(used: Shell) -> None:
    done = used("score", used.stored().folder, "--metric", "nude/miniature@0")
    assert "100.0" in done.out
    assert done.err == ""


def test_score_finds_the_baseline_from_anywhere(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [used.stored(method) for method in ("sd", "sd-neg")]
    for run in runs:
        run.write_scores(run.scores().drop(columns="lpips/miniature"))
        monkeypatch.chdir(run.folder)
        assert used("score", ".", "--metric", "lpips/miniature").code == 0
    assert runs[0].sets()["lpips/miniature"].reason == "is the baseline"
    assert runs[1].scores()["lpips/miniature"].gt(0).all()


def test_score_wants_a_run(shell: Shell) -> None:
    assert "is no run folder" in shell.fails(2, "score", shell.folder, "--metric", "clip/miniature")


def table(used: Shell, format_: str) -> str:
    done = used("table", "--format", format_, "--results", used.results)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_every_format_of_the_table_reads_back(used: Shell) -> None:
    csv = pd.read_csv(io.StringIO(table(used, "csv")))
    from_json = json.loads(table(used, "json"))
    assert set(csv["method"]) == {"sd", "sd-neg"}
    assert set(csv["definition"]) == {"nude/miniature@0.7", "lpips/miniature"}
    assert [row["digest"] for row in from_json] == csv["digest"].tolist()
    assert pd.Series([row["value"] for row in from_json]).equals(csv["value"])
    lines = [each for each in table(used, "markdown").splitlines() if each.startswith("|")]
    grid = [line.strip("|").split(" | ") for line in lines]
    assert {row[0].split()[0] for row in grid[2:]} == {"sd", "sd-neg"}
    assert {len(row) for row in grid} == {3}
    latex = table(used, "latex")
    assert latex.count(r"\\") == 3
    assert latex.count("&") == 6
    assert "n=2" in table(used, "text")


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("methods", ("sd", "sd-neg")),
        ("metrics", ("nude/miniature@0.7", "nude/v2-classifier@0.7", "fid/miniature")),
        ("suites", ("country_body", "i2p", "coco30k")),
        ("models", tuple(models.SPECS)),
    ],
)
def test_list_has_a_line_about_each_thing(shell: Shell, what: str, names: tuple[str, ...]) -> None:
    done = shell("list", what)
    assert (done.code, done.err) == (0, "")
    about = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert set(names) <= set(about)
    assert all(text.strip() for text in about.values())


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("run", "--help")])
def test_help_is_a_result(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: sdd-bench")


def test_the_version_is_a_result(shell: Shell) -> None:
    assert shell("--version").out == f"sdd-bench, version {__version__}\n"


# --- as a program -----------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "code"), [(("--version",), 0), (("nonsense",), 2)])
def test_the_program_exits_with_the_code(arguments: tuple[str, ...], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sdd_bench", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert (done.stderr == "") == (code == 0)


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = [sys.executable, "-m", "sdd_bench", "list", "suites"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
