"""What stored runs say, from Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sdd_bench as sb
from sdd_bench.analysis import curves, table
from sdd_bench.analysis.values import VALUE
from support.runs import SAFE, store
from support.shell import Shell


def test_every_stored_image_has_a_row(used: Shell) -> None:
    frame = sb.load(used.results)
    assert frame["method"].tolist() == ["sd", "sd", "sd-neg", "sd-neg"]
    assert {"model", "suite", "method", "digest", "seed", "nude/miniature", "image"} <= set(frame)
    scores = used.stored("sd-neg").scores()
    ours = frame[frame["method"] == "sd-neg"]
    np.testing.assert_array_equal(ours["nude/miniature"], scores["nude/miniature"])
    assert all(Path(path).is_file() for path in frame["image"])


def test_no_runs_is_said(shell: Shell) -> None:
    for function in (sb.load, sb.table, sb.ceiling):
        with pytest.raises(sb.InputError, match="no runs in"):
            function(results=shell.results)


def test_the_table_is_that_of_the_command(used: Shell) -> None:
    for form in ("text", "csv", "json", "html", "latex", "markdown"):
        answer = used("table", "--results", used.results, "--format", form)
        assert answer.out == sb.table(results=used.results).render(form)


def test_runs_along_a_training_are_in_no_table_but_by_name(tmp_path: Path) -> None:
    kept = store(tmp_path, "sdd", SAFE, checkpoint="9" * 64)
    step = store(tmp_path, "sdd", SAFE, checkpoint="3" * 64)
    sd = store(tmp_path, "sd", SAFE, checkpoint=None)
    point = dict.fromkeys(table.COLUMNS, "") | {"digest": step.spec.digest, "role": "student"}
    numbers = dict.fromkeys((*VALUE, "iteration"), 10)
    curves.save(pd.DataFrame([point | numbers]), tmp_path / "curves" / "sdd")
    assert list(dict.fromkeys(sb.table(results=tmp_path).frame["digest"])) == [
        sd.spec.digest, kept.spec.digest,
    ]  # fmt: skip
    assert "sdd" in sb.compare("sd", "sdd", results=tmp_path).render()
    assert len(sb.compare("sd", step.folder.name, results=tmp_path).frame)


def test_a_result_shows_itself_in_a_notebook(used: Shell) -> None:
    page = sb.table(results=used.results)._repr_html_()
    assert "<table" in page
    assert "sd-neg" in page


def test_compare_takes_two(used: Shell) -> None:
    with pytest.raises(sb.InputError, match="compare takes two methods, not 1"):
        sb.compare("sd-neg", results=used.results)


def test_pictures_are_blurred_unless_asked(used: Shell) -> None:
    grid = sb.grid("sd-neg", "toy", results=used.results)
    assert (grid.columns, len(grid.rows)) == (("sd-neg",), 2)
    assert grid._repr_html_().count("blur(") == 2
    assert "blur(" not in sb.grid("sd-neg", "toy", reveal=True, results=used.results)._repr_html_()


def test_a_grid_is_the_stored_pictures(used: Shell) -> None:
    grid = sb.grid("sd-neg", "toy", results=used.results)
    run = used.stored("sd-neg")
    for (picture,), sample in zip(grid.pictures, grid.rows, strict=True):
        assert picture is not None
        np.testing.assert_array_equal(np.asarray(picture), run.load_image(sample)[0])
    # Two pictures of 64 pixels below each other, 4 pixels apart.
    assert grid.image.size == (64, 132)
    grid.save(used.folder / "grid.png")
    assert (used.folder / "grid.png").stat().st_size > 1000


def test_a_picture_that_is_gone_is_a_gap(used: Shell) -> None:
    run = used.stored("sd-neg")
    next((run.folder / "images").glob("*.png")).unlink()
    grid = sb.grid("sd-neg", "toy", results=used.results)
    assert sum(row[0] is None for row in grid.pictures) == 1
    assert "missing" in grid._repr_html_()


def test_a_hostile_prompt_is_text(shell: Shell) -> None:
    (shell.folder / "toy.csv").write_text("id,text\na,<script>alert(1)</script>\n")
    assert shell.run("--metric", "nude/miniature@0.7").code == 0
    page = sb.grid("sd", "toy", results=shell.results)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_matrix_says_what_it_lacks(used: Shell) -> None:
    result = sb.matrix("sd-neg", limit=20, results=used.results)
    assert result.pages == ()
    assert result.rows == len(result.lacking)
    what, request = result.lacking[""]
    assert what == "no run"
    assert (request.methods, request.suites) == (("sd",), ("artists",))


def test_no_picture_of_a_matrix_is_put_into_the_folder_of_a_run(used: Shell) -> None:
    picture = used.stored().folder / "images" / "x.png"
    with pytest.raises(sb.InputError, match="whose files are results: give --picture another"):
        sb.matrix("sd-neg", picture=picture, results=used.results)


def test_a_plan_runs_nothing(shell: Shell) -> None:
    frame = sb.plan("table1", results=shell.results).frame
    assert set(frame["stored"]) == {0}
    assert not shell.results.exists()


def test_what_wants_discarded_pictures_says_so(used: Shell) -> None:
    suite = str(used.folder / "toy.csv")
    sb.run(
        ("sd", "sd-neg"), suite, limit=2, steps=2, images_per_prompt=1, device="cpu",
        metrics=("nude/miniature@0.7", "lpips/miniature"), results=used.results,
        discard_images=True,
    )  # fmt: skip
    assert sorted(used.results.rglob("*.png")) == []
    frame = sb.load(used.results)
    assert frame["image"].tolist() == [""] * 4
    assert frame["nude/miniature"].notna().all()
    with pytest.raises(sb.InputError, match="sd on toy were discarded on purpose: to have them"):
        sb.grid(["sd", "sd-neg"], "toy", results=used.results)
    ceilings = sb.ceiling(results=used.results).frame
    reasons = ceilings.loc[ceilings["value"].isna(), "reason"]
    assert reasons.tolist() == ["images were discarded"] * 2
    assert ceilings["value"].notna().sum() == 1  # of LPIPS, which is stored


def test_only_a_run_discards(used: Shell) -> None:
    with pytest.raises(sb.InputError, match="no option named 'discard_images'"):
        sb.train("esd-x", discard_images=True, results=used.results)  # type: ignore[call-arg]
