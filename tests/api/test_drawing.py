"""Figures from Python: formats, the same bytes, the numbers of the table, and what is refused."""

from __future__ import annotations

import builtins
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sdd_bench as sb
from sdd_bench.analysis import curves
from sdd_bench.analysis.table import COLUMNS
from sdd_bench.figures import curve, groups, tradeoff
from support.figures import HEADS
from support.reporting import illustrated, shelf


@pytest.fixture(scope="session")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of `shelf`, and a training of sdd with two states of student and teacher."""
    root = tmp_path_factory.mktemp("figures") / "results"
    shelf(root, images=8)
    rows = []
    for number, (role, iteration) in enumerate(
        [("student", 0), ("student", 10), ("teacher", 0), ("teacher", 10)]
    ):
        raw = [0.9, 0.8, 0.7, 0.1] if not iteration else [0.1, 0.2, 0.8, 0.1]
        run = illustrated(
            root,
            "sdd",
            {"nude/miniature": raw},
            suite="country_body",
            checkpoint=None if not iteration else f"{number}",
            shift=100 * (number if iteration else 0),
        )
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | {"model": "miniature", "suite": "country_body", "method": "sdd", "n": 4}
            | {"digest": run.spec.digest, "definition": "nude/miniature@0.7", "unit": "%"}
            | {"value": 75.0 - 5 * iteration, "low": 20.0, "high": 90.0, "noise_low": 0.0}
            | {"noise_high": 0.0, "role": role, "iteration": iteration}
        )
    curves.save(pd.DataFrame(rows), root / "curves" / "sdd")
    return root


@pytest.fixture
def results(shelved: Path, tmp_path: Path) -> Path:
    """A copy of `shelved`, which may be changed."""
    shutil.copytree(shelved, tmp_path / "results")
    return tmp_path / "results"


FIGURES: dict[str, Callable[..., Path]] = {
    "grid": lambda **more: sb.figure_grid(["sd", "sd-neg"], "country_body", **more),
    "training": lambda **more: sb.figure_training("sdd", "country_body", **more),
    "curve": lambda **more: sb.figure_curve("sdd", **more),
    "tradeoff": lambda **more: sb.figure_tradeoff(["sd", "sd-neg"], **more),
    "groups": lambda **more: sb.figure_groups(["sd", "sd-neg"], suite="country_body", **more),
}

each_figure = pytest.mark.parametrize("name", FIGURES)


@each_figure
def test_a_figure_has_every_format_and_the_same_bytes_again(
    name: str, shelved: Path, tmp_path: Path
) -> None:
    for ending, head in HEADS.items():
        files = [tmp_path / f"{time}{ending}" for time in range(2)]
        for file in files:
            assert FIGURES[name](out=file, results=shelved) == file
        assert files[0].read_bytes().startswith(head)
        assert files[0].read_bytes() == files[1].read_bytes()
        assert b"2026" not in files[0].read_bytes()[:2000] or ending == ".png"


@each_figure
def test_no_figure_is_put_into_the_folder_of_a_run(name: str, shelved: Path) -> None:
    picture = min(shelved.rglob("images/*.png"))
    before = picture.read_bytes()
    with pytest.raises(sb.InputError, match="whose files are results: give --out another folder"):
        FIGURES[name](out=picture, results=shelved)
    assert picture.read_bytes() == before


@each_figure
def test_a_figure_needs_a_format_a_width_and_runs(name: str, shelved: Path, tmp_path: Path) -> None:
    draw = FIGURES[name]
    with pytest.raises(
        sb.InputError, match=r"x\.jpg says no format: a figure ends in \.pdf, \.png"
    ):
        draw(out=tmp_path / "x.jpg", results=shelved)
    with pytest.raises(sb.InputError, match="2 to 40 inches wide, not 1"):
        draw(out=tmp_path / "x.png", results=shelved, width=1)
    with pytest.raises(sb.InputError, match=r"no runs in|no curve( on country_body)? is stored"):
        draw(out=tmp_path / "x.png", results=tmp_path / "none")


@each_figure
def test_without_matplotlib_one_sentence_says_what_to_install(
    name: str, shelved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(module: str, *more: Any, **named: Any) -> Any:
        if module.partition(".")[0] == "matplotlib":
            raise ImportError("No module named 'matplotlib'")
        return real(module, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(sb.MissingError, match=r"pip install 'sdd-bench\[figures\]'"):
        FIGURES[name](out=tmp_path / "x.png", results=shelved)


# --- the numbers are those of the table -----------------------------------------------------------


def drawn(monkeypatch: pytest.MonkeyPatch, module: object) -> list[tuple[Any, ...]]:
    """What a figure is drawn of, from now on."""
    seen: list[tuple[Any, ...]] = []
    real = module.draw  # type: ignore[attr-defined]

    def draw(*given: Any) -> Any:
        seen.append(given)
        return real(*given)

    monkeypatch.setattr(module, "draw", draw)
    return seen


def test_a_trade_off_has_the_numbers_of_the_table(
    shelved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = drawn(monkeypatch, tradeoff)
    sb.figure_tradeoff(out=tmp_path / "x.svg", results=shelved, suites=["coco"])
    removal, costs, _ = seen[0]
    table = (
        sb.table(results=shelved)
        .frame.query("suite.str.startswith('coco')")
        .set_index(["method", "definition"])
    )
    assert [cost.definition for cost, _ in costs] == [
        "clip/miniature",
        "fid/miniature",
        "lpips/miniature",
    ]
    for cost, points in costs:
        expected = ["sd-neg"] if cost.definition == "lpips/miniature" else ["sd", "sd-neg"]
        assert [label.partition(" ")[0] for label in points.index] == expected
        for method, (_, point) in zip(expected, points.iterrows(), strict=True):
            for part, axis in (("removal", removal), ("cost", cost)):
                cell = table.loc[(method, axis.definition)]
                assert point[f"{part}_value"] == cell["value"]
                assert (point[f"{part}_low"], point[f"{part}_high"]) == (cell["low"], cell["high"])


def test_bars_have_the_numbers_of_the_table_by_group(
    shelved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = drawn(monkeypatch, groups)
    sb.figure_groups(
        ["sd-neg", "sd"], suite="country_body", out=tmp_path / "x.svg", results=shelved
    )
    values, _ = seen[0]
    table = sb.table(results=shelved, by_group=True).frame
    table = table[table["suite"].str.startswith("country_body") & table["method"].ne("sdd")]
    definition = values["definition"].iloc[0]
    assert definition.partition("@")[0] in {"nude/miniature", "harm/miniature"}
    columns = ["method", "group", "value", "low", "high"]
    ours = values[columns].sort_values(["method", "group"]).reset_index(drop=True)
    theirs = table.loc[table["definition"] == definition, columns]
    assert ours.equals(theirs.sort_values(["method", "group"]).reset_index(drop=True))
    assert list(dict.fromkeys(values["method"])) == ["sd-neg", "sd"]  # as they were named


def test_a_curve_has_the_numbers_that_training_left(
    shelved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = drawn(monkeypatch, curve)
    sb.figure_curve(out=tmp_path / "x.svg", results=shelved)
    lines, _ = seen[0]
    assert lines["role"].tolist() == ["student", "teacher"] * 2
    assert lines["value"].tolist() == [75.0, 75.0, 25.0, 25.0]


def test_the_runs_along_a_training_are_no_methods_of_a_trade_off(
    shelved: Path, tmp_path: Path
) -> None:
    with pytest.raises(sb.InputError, match="no run of sdd: there are sd, sd-neg"):
        sb.figure_tradeoff("sdd", out=tmp_path / "x.svg", results=shelved)


# --- what is refused ------------------------------------------------------------------------------


def test_names_that_there_are_not_are_answered_with_those_that_there_are(
    shelved: Path, tmp_path: Path
) -> None:
    where: dict[str, Any] = {"out": tmp_path / "x.svg", "results": shelved}
    with pytest.raises(sb.InputError, match=r"no prompt named 'p9'.*Available: p0, p1"):
        sb.figure_grid("sd", "country_body", ids="p9", **where)
    with pytest.raises(sb.InputError, match=r"no curve named 'sd'.*Available: sdd"):
        sb.figure_curve("sd", **where)
    with pytest.raises(sb.InputError, match="no definition of these curves named 'nude'"):
        sb.figure_curve(metrics="nude", **where)
    with pytest.raises(sb.InputError, match="no definition with a value named 'fid/clean'"):
        sb.figure_tradeoff(costs="fid/clean", **where)
    with pytest.raises(sb.InputError, match="no definition of groups of coco named 'nude'"):
        sb.figure_groups(suite="coco", metric="nude", **where)
    assert not (tmp_path / "x.svg").exists()


def test_runs_along_a_training_that_are_gone_are_said(results: Path, tmp_path: Path) -> None:
    for run in (results / "runs").glob("*/*/sdd-*"):
        run.rename(tmp_path / run.name)
    with pytest.raises(sb.InputError, match="`sdd-bench figure curve` draws its scores"):
        sb.figure_training("sdd", "country_body", out=tmp_path / "x.svg", results=results)


def test_a_grid_of_runs_without_scores_says_what_to_do(results: Path, tmp_path: Path) -> None:
    where = {"out": tmp_path / "grid.svg", "results": results}
    first, *others = sorted(results.rglob("country_body/sd-*/scores.parquet"))
    first.unlink()
    assert FIGURES["grid"](**where).exists()  # by what is known of the other's pictures
    for path in others:
        path.unlink()
    with pytest.raises(sb.InputError, match="nothing of sd, sd-neg has been scored yet"):
        FIGURES["grid"](**where)
