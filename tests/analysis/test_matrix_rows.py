"""Rows of the matrix: which run is one, and which group a concept names."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from sdd_bench import registry
from sdd_bench.analysis import matrix_rows
from sdd_bench.benchmark.request import Request
from sdd_bench.errors import InputError
from sdd_bench.runs.lookup import find
from sdd_bench.types import Prompt, Suite
from support.matrix import ARTISTS, STYLE, show
from support.shell import Shell

# --- numbers ----------------------------------------------------------------------------------


def test_without_a_choice_the_rate_comes_first() -> None:
    suite = Suite(name="miniature/artists", prompts=(), families=("style", "clip", "lpips"))
    request = Request(methods=("sd-neg",), suites=("artists",), results=Path())
    names = [item.name for item in matrix_rows.definitions(request, suite, registry.scan())]
    assert names == ["style/miniature@0.5", "clip/miniature", "lpips/miniature"]


# --- which runs -------------------------------------------------------------------------------


def test_what_is_missing_is_made_by_the_commands_it_prints(shell: Shell, made: Path) -> None:
    shutil.copytree(made / "results", shell.results)
    (shell.folder / "artists.csv").write_text(ARTISTS)
    lost = next(each for each in find(shell.results) if each.spec.concepts == ("seurat",))
    before = lost.image_path(lost.samples()[0]).read_bytes()
    shutil.rmtree(lost.folder)
    done = shell(*show(shell))
    assert "1 of 3 rows are not complete" in done.failure(3)
    assert "| seurat" in done.out.replace("│", "|")
    assert "(no run)" in done.out
    said = [line for line in done.err.splitlines() if not line.startswith("WARNING: ")]
    assert said[0] == "# seurat: no run"
    words = shlex.split(said[1])
    assert words[:2] == ["sdd-bench", "run"]
    assert shell(*words[1:]).code == 0
    assert lost.image_path(lost.samples()[0]).read_bytes() == before
    assert shell(*show(shell)).code == 0


def test_nothing_but_commands_where_nothing_is_stored(shell: Shell) -> None:
    (shell.folder / "artists.csv").write_text(ARTISTS)
    done = shell(*show(shell))
    assert "3 of 3 rows" in done.failure(3)
    assert done.out == ""
    assert [line.split()[1] for line in done.err.splitlines() if line.startswith("# ")] == [
        "undefended:", "monet:", "seurat:",
    ]  # fmt: skip


def test_an_image_or_score_that_lacks_makes_a_row_incomplete(filled_matrix: Shell) -> None:
    runs = {each.spec.concepts: each for each in find(filled_matrix.results)}
    run = runs["monet",]
    run.image_path(run.samples()[0]).unlink()
    other = runs["seurat",]
    other.write_scores(other.scores().drop(columns="style/miniature"))
    done = filled_matrix(*show(filled_matrix))
    assert "2 of 3 rows" in done.failure(3)
    assert "# monet: 1 images missing" in done.err
    assert "# seurat: not scored with style/miniature@0.5" in done.err


def test_distances_alone_leave_the_first_row_empty_and_complete(filled_matrix: Shell) -> None:
    """The undefended model is compared with nothing, so it may have no scores at all."""
    undefended = next(each for each in find(filled_matrix.results) if not each.spec.concepts)
    (undefended.folder / "scores.parquet").unlink()
    words = show(filled_matrix, "--format", "markdown")
    alone = [word for word in words if word not in STYLE[:2]]
    alone.insert(alone.index("lpips/miniature"), "--metric")
    done = filled_matrix(*alone)
    assert done.code == 0
    assert done.out.count("– (is the baseline)") == 1
    assert done.out.count("–<br>(is the baseline)") == 3


def test_a_run_that_does_not_say_what_it_removes_is_named(filled_matrix: Shell) -> None:
    """Here of a method that has no runs at all."""
    runs = {each.spec.concepts: each.folder.name for each in find(filled_matrix.results)}
    rows = [
        word for artist in ("monet", "seurat") for word in ("--row", f"{artist}={runs[artist,]}")
    ]
    done = filled_matrix(*show(filled_matrix, *rows, method="esd-x-3"))
    assert done.code == 0
    assert "removed (the diagonal) 25.0 [" in done.out
    assert filled_matrix(*show(filled_matrix, "--row", "monet", method="esd-x-3")).code == 2
    none = filled_matrix(*show(filled_matrix, "--row", "monet=sega"))
    assert "no run of sega" in none.failure(2)


def artists(*names: str) -> Suite:
    prompts = [Prompt(id=str(at), text="", group=name) for at, name in enumerate(names)]
    return Suite(name="art", prompts=tuple(prompts))


@pytest.mark.parametrize(
    ("concept", "group"),
    [
        ("van gogh", "Vincent van Gogh"),
        ("VINCENT VAN GOGH", "Vincent van Gogh"),
        ("a painting by Pablo Picasso", "Pablo Picasso"),
        ("Gogh", "Gogh"),  # an exact name comes before one that contains it
    ],
)
def test_which_group_a_concept_names(concept: str, group: str) -> None:
    suite = artists("Vincent van Gogh", "Pablo Picasso", "Pablo Picasso", "Gogh")
    if group == "Vincent van Gogh":
        suite = artists("Vincent van Gogh", "Pablo Picasso")
    assert matrix_rows.group_of(concept, suite) == group


@pytest.mark.parametrize(("concept", "count"), [("monet", "none"), ("Pablo", "several")])
def test_a_concept_has_to_name_one_group(concept: str, count: str) -> None:
    suite = artists("Pablo Picasso", "Pablo Neruda", "Monetti")
    with pytest.raises(InputError, match=f"'{concept}' names {count} of the groups of 'art'"):
        matrix_rows.group_of(concept, suite)


def test_prompts_without_groups_have_no_matrix(shell: Shell) -> None:
    message = shell.fails(
        2, "matrix", "--method", "sd-neg", "--suite", shell.folder / "toy.csv",
        "--results", shell.results,
    )  # fmt: skip
    assert "the prompts of 'toy' have no groups" in message


def test_metrics_of_whole_sets_have_no_cells(filled_matrix: Shell) -> None:
    message = filled_matrix(*show(filled_matrix, "--metric", "fid/miniature")).failure(2)
    assert "a matrix needs a score per image, which fid/miniature does not give" in message
