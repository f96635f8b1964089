"""The matrix of removed and prompted artists: which runs, their numbers, and the picture."""

from __future__ import annotations

import io
import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sdd_bench.analysis import matrix_image, matrix_rows
from sdd_bench.benchmark.request import Request
from sdd_bench.errors import InputError
from sdd_bench.runs.lookup import find
from sdd_bench.types import Prompt, Suite

from .conftest import Shell

ARTISTS = """id,text,artist
m0,"a red apple, in the style of monet",monet
m1,"a blue car, in the style of monet",monet
s0,"a red apple, in the style of seurat",seurat
s1,"a blue car, in the style of seurat",seurat
"""

SMALL = ("--steps", 2, "--images-per-prompt", 1, "--device", "cpu")
STYLE = ("--metric", "style/miniature@0.5", "--metric", "lpips/miniature")


def make(shell: Shell, *more: object) -> None:
    (shell.folder / "artists.csv").write_text(ARTISTS)
    done = shell(
        "run", "--suite", shell.folder / "artists.csv", "--results", shell.results, *SMALL, *STYLE,
        *more,
    )  # fmt: skip
    assert done.code == 0


def show(shell: Shell, *more: object, method: str = "sd-neg") -> tuple[object, ...]:
    return (
        "matrix", "--method", method, "--suite", shell.folder / "artists.csv",
        "--results", shell.results, *SMALL, *STYLE, *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undefended model, and either artist removed; the scores are of our choosing."""
    shell = Shell(tmp_path_factory.mktemp("matrix"))
    make(shell, "--method", "sd")
    for artist in ("monet", "seurat"):
        make(shell, "--method", "sd-neg", "--concept", artist)
    for run in find(shell.results):
        style, lpips = SCORES[run.spec.concepts]
        assert run.scores()["prompt_id"].tolist() == ["m0", "m1", "s0", "s1"]
        changed = {"style/miniature": style}
        if run.spec.concepts:
            changed["lpips/miniature"] = lpips
        run.write_scores(run.scores().assign(**changed))
    return shell.folder


SCORES = {
    (): ([0.9, 0.9, 0.9, 0.4], []),
    ("monet",): ([0.1, 0.2, 0.9, 0.3], [0.5, 0.7, 0.1, 0.2]),
    ("seurat",): ([0.8, 0.7, 0.5, 0.6], [0.1, 0.3, 0.6, 0.8]),
}
"""By what was removed: the style of the prompts m0, m1, s0, s1, and LPIPS to the undefended."""


@pytest.fixture
def filled_matrix(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A command line in a copy of `made`, which may be changed."""
    shutil.copytree(made, tmp_path / "copy")
    return Shell(tmp_path / "copy", capsys)


# --- numbers ------------------------------------------------------------------------------------


def test_cells_and_their_means(filled_matrix: Shell) -> None:
    """Counted by hand from SCORES; a score of exactly 0.5 isn't above it."""
    done = filled_matrix(*show(filled_matrix, "--format", "csv"))
    assert done.code == 0
    tidy = pd.read_csv(io.StringIO(done.out), keep_default_na=False, na_values={"value": "nan"})
    tidy["value"] = pd.to_numeric(tidy["value"])
    style = tidy[tidy["definition"] == "style/miniature@0.5"]
    keys = ["removed", "prompted", "part", "value", "n"]
    assert [tuple(row) for row in style[keys].to_numpy().tolist()] == [
        ("", "monet", "undefended", 100, 2),
        ("", "seurat", "undefended", 50, 2),
        ("", "*", "undefended", 75, 4),
        ("monet", "monet", "removed", 0, 2),
        ("monet", "seurat", "kept", 50, 2),
        ("monet", "*", "kept", 50, 2),
        ("seurat", "monet", "kept", 100, 2),
        ("seurat", "seurat", "removed", 50, 2),
        ("seurat", "*", "kept", 100, 2),
        ("*", "monet", "kept", 100, 2),
        ("*", "seurat", "kept", 50, 2),
        ("*", "*", "removed", 25, 4),
        ("*", "*", "kept", 75, 4),
    ]
    lpips = tidy[tidy["definition"] == "lpips/miniature"].set_index(["removed", "prompted", "part"])
    assert lpips.loc[("monet", "monet", "removed"), "value"] == pytest.approx(0.6)
    assert lpips.loc[("seurat", "monet", "kept"), "value"] == pytest.approx(0.2)
    assert lpips.loc[("*", "*", "removed"), "value"] == pytest.approx((0.5 + 0.7 + 0.6 + 0.8) / 4)
    assert lpips.loc[("*", "*", "kept"), "value"] == pytest.approx((0.1 + 0.2 + 0.1 + 0.3) / 4)
    assert lpips.loc[("", "monet", "undefended"), "reason"] == "is the baseline"


def test_a_rate_has_wilsons_interval(filled_matrix: Shell) -> None:
    """None of two: z^2 / (n + z^2) with z = 1.959964."""
    done = filled_matrix(*show(filled_matrix, "--format", "json"))
    cells = json.loads(done.out)
    cell = next(c for c in cells if (c["removed"], c["prompted"]) == ("monet", "monet"))
    assert cell["noise_low"] == 0
    assert cell["noise_high"] == pytest.approx(100 * 3.841459 / 5.841459, abs=1e-4)


def test_the_page_says_what_is_where(filled_matrix: Shell) -> None:
    done = filled_matrix(*show(filled_matrix, "--format", "markdown"))
    lines = done.out.splitlines()
    assert lines[0] == (
        "style/miniature@0.5 in %, sd-neg on artists (model 'miniature'): rows are what is "
        "removed, columns whose prompts"
    )
    assert lines[2] == "| removed | monet | seurat | kept |"
    rows = [line.strip("| ").split(" | ") for line in lines[4:8]]
    assert [row[0] for row in rows] == ["nothing (sd)", "monet", "seurat", "kept"]
    assert rows[1][1].startswith("0.0 n=2<br>[")
    marked = [[cell.endswith("<br>removed") for cell in row[1:]] for row in rows]
    assert marked == [[False] * 3, [True, False, False], [False, True, False], [False] * 3]
    assert "undefended 75.0 [" in done.out
    assert "removed (the diagonal) 25.0 [" in done.out
    assert "kept (beside it) 75.0 [" in done.out
    assert "– (is the baseline)" in done.out


def test_without_a_choice_the_rate_comes_first() -> None:
    suite = Suite(name="miniature/artists", prompts=(), families=("style", "clip", "lpips"))
    request = Request(methods=("sd-neg",), suites=("artists",), results=Path())
    names = [item.name for item in matrix_rows.definitions(request, suite)]
    assert names == ["style/miniature@0.5", "clip/miniature", "lpips/miniature"]


# --- which runs ---------------------------------------------------------------------------------


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
    said = done.err.splitlines()
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


# --- the picture --------------------------------------------------------------------------------


def outlined(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], x: int, y: int) -> bool:
    """Whether the pixel left of and above a cell is of the outline's red."""
    return bool((picture[y - 2, x - 2] == (0xD6, 0x27, 0x28)).all())


def test_the_picture_has_the_images_in_their_cells(filled_matrix: Shell) -> None:
    path = filled_matrix.folder / "shown" / "figure.png"
    assert filled_matrix(*show(filled_matrix, "--picture", path, "--nth", 1)).code == 0
    picture = np.asarray(Image.open(path))
    runs = {each.spec.concepts: each for each in find(filled_matrix.results)}
    height = (
        (matrix_image.SIDE + matrix_image.LINE + matrix_image.GAP) * 3
        + matrix_image.GAP
        + matrix_image.LINE
    )
    assert picture.shape[0] == height
    left = picture.shape[1] - 2 * (matrix_image.SIDE + matrix_image.GAP)
    hashes = []
    for line, removed in enumerate([(), ("monet",), ("seurat",)]):
        for column, prompt in enumerate(["m1", "s1"]):
            sample = next(s for s in runs[removed].samples() if s.prompt.id == prompt)
            pixels, noise = runs[removed].load_image(sample)
            hashes.append(noise)
            x = left + column * (matrix_image.SIDE + matrix_image.GAP)
            y = (
                matrix_image.GAP
                + matrix_image.LINE
                + line * (matrix_image.SIDE + matrix_image.LINE + matrix_image.GAP)
            )
            shown = picture[y : y + matrix_image.SIDE, x : x + matrix_image.SIDE]
            assert (shown == pixels.repeat(2, axis=0).repeat(2, axis=1)).all()
            assert outlined(picture, x, y) == (removed == (["monet", "seurat"][column],))
    assert hashes[:2] == hashes[2:4] == hashes[4:]


def test_the_picture_leaves_what_is_missing_grey(filled_matrix: Shell) -> None:
    run = next(each for each in find(filled_matrix.results) if each.spec.concepts == ("seurat",))
    shutil.rmtree(run.folder)
    path = filled_matrix.folder / "figure.png"
    assert filled_matrix(*show(filled_matrix, "--picture", path)).code == 3
    picture = np.asarray(Image.open(path))
    y = picture.shape[0] - matrix_image.GAP - matrix_image.LINE - matrix_image.SIDE
    x = picture.shape[1] - matrix_image.GAP - matrix_image.SIDE
    assert (picture[y : y + matrix_image.SIDE, x : x + matrix_image.SIDE] == 0xDD).all()


def test_a_prompt_that_is_not_there_cannot_be_shown(filled_matrix: Shell) -> None:
    path = filled_matrix.folder / "figure.png"
    done = filled_matrix(*show(filled_matrix, "--picture", path, "--nth", 2))
    assert "'monet' has 2 prompts, counted from 0: there is no 2" in done.failure(2)


def test_big_images_are_reduced() -> None:
    wide = Image.new("RGB", (512, 256), "blue")

    class Held:
        def load_image(self, sample: object) -> tuple[object, str]:
            return np.asarray(wide), ""

    row = matrix_rows.MatrixRow(removed="", request=None, run=Held(), stems=frozenset())  # type: ignore[arg-type]
    shown = np.asarray(matrix_image._thumbnail(row, None))  # type: ignore[arg-type]
    assert shown.shape == (128, 128, 3)
    assert (shown[32:96] == (0, 0, 255)).all()
    assert (shown[:32] == 255).all()
