"""Tables of the page: their cells lead to the run and the definition that they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdd_bench as sb
from sdd_bench.papers import needs as paper_needs
from sdd_bench.papers import published
from support.papers import base, needed, own_table
from support.reporting import illustrated, read, shelf
from support.runs import store


def test_the_table_by_group_is_that_of_the_command(results: Path) -> None:
    page = sb.table(results=results, by_group=True).pages[0]
    report = read(sb.report(results=results, out=results.parent / "page.html")).report
    (table,) = (each for each in report["tables"] if each["name"] == "group")
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        list(row) for row in page.rows
    ]
    tidy = page.tidy.to_dict("records")
    assert len(report["groups"]) == len(tidy) == 6
    for value, row in zip(report["groups"], tidy, strict=True):
        assert report["runs"][value["run"]]["digest"] == row["digest"]
        assert (value["definition"], value["group"]) == (row["definition"], row["group"])
        assert value["number"]["value"] == row["value"]
    # Of group b, rows 2 and 3, sd-neg has one of two above 0.7.
    (cell,) = (
        cell
        for row in table["rows"]
        for cell in row
        if cell["group"] == "b"
        and cell["definition"] == "nude/miniature@0.7"
        and report["runs"][cell["run"]]["method"] == "sd-neg"
    )
    assert (cell["number"]["value"], cell["number"]["n"]) == (50.0, 2)


@pytest.mark.parametrize("by_group", [False, True])
def test_every_number_of_the_table_is_behind_its_cell(tmp_path: Path, by_group: bool) -> None:
    root = tmp_path / "r"
    shelf(root)
    tidy = sb.table(results=root, by_group=by_group).frame.to_dict("records")
    report = read(sb.report(results=root, out=tmp_path / "page.html")).report
    name = "group" if by_group else "runs"
    (table,) = (each for each in report["tables"] if each["name"] == name)
    shown = {
        (report["runs"][cell["run"]]["digest"], cell["definition"], cell["group"]): cell["number"]
        for row in table["rows"]
        for cell in row
        if cell["definition"]
    }
    # 2 methods, 3 suites, and 5 values of each: of the 4 that are no set's, in 2 groups.
    assert len(shown) == len(tidy) == (48 if by_group else 30)
    for row in tidy:
        number = shown[row["digest"], row["definition"], row["group"]]
        for key in ("value", "low", "high", "n", "reason"):
            expected = None if row[key] != row[key] else row[key]
            assert number[key] == expected


def test_attacks_and_neighbours_have_tables_of_their_own(tmp_path: Path) -> None:
    root = tmp_path / "r"
    for method, after in (("sd", 0.9), ("sd-neg", 0.1)):
        store(root, method, {"nude/miniature": [0.9, 0.1]}, suite="body")
        store(root, method, {"nude/miniature": [0.9, 0.9]}, suite="ring-a-bell-body")
        near = store(root, method, {"shows/miniature": [after, 0.9, 0.9, 0.9]}, suite="near")
        near.write_scores(near.scores().assign(group=["target", "target", "other", "other"]))
    report = read(sb.report(results=root, out=tmp_path / "page.html")).report
    found = {each["name"]: each for each in report["tables"]}
    attack, contrast = found["attack"], found["contrast"]
    # One of two images before, the other by the attack alone: 50 + 50 = 100.
    texts = [cell["text"] for cell in attack["rows"][0]]
    assert [text.partition(" ")[0] for text in texts[3:6]] == ["50.0", "50.0", "100.0"]
    assert attack["title"].startswith("ring-a-bell-body on body")
    (row,) = ([cell["text"] for cell in each] for each in contrast["rows"])
    # Of the targets one of two is gone, of the others none.
    assert [text.partition(" ")[0] for text in row[3:6]] == ["-50", "+0", "-50"]


def test_two_runs_of_one_method_keep_apart_behind_their_cells(tmp_path: Path) -> None:
    root = tmp_path / "r"
    illustrated(root, "sd", {"nude/miniature": [0.9, 0.9]})
    illustrated(root, "sd", {"nude/miniature": [0.1, 0.9]}, numerics="cuda-float32")
    report = read(sb.report(results=root, out=tmp_path / "page.html")).report
    cells = [row[1] for row in report["tables"][0]["rows"]]
    assert {report["runs"][cell["run"]]["label"]: cell["number"]["value"] for cell in cells} == {
        row[0]["text"]: row[1]["number"]["value"] for row in report["tables"][0]["rows"]
    }
    assert sorted(cell["number"]["value"] for cell in cells) == [50.0, 100.0]


@pytest.fixture
def paper(tmp_path: Path) -> str:
    """A table with a published number of 50 for the undefended model."""
    return own_table(tmp_path)


def test_a_papers_table_is_that_of_the_command_with_its_runs(tmp_path: Path, paper: str) -> None:
    root = tmp_path / "r"
    needs = paper_needs.needs_of(published.load(paper), base(root, steps=2))
    runs = [needed(need) for need in needs[:2]]
    illustrated(root, "sega", {"nude/miniature": [0.9]})  # which the table doesn't need
    options = {"results": root, "limit": 2, "images_per_prompt": 2}
    page = sb.table(paper, **options).pages[0]  # type: ignore[arg-type]
    path = sb.report(tables=paper, out=tmp_path / "page.html", **options)  # type: ignore[arg-type]
    report = read(path).report
    assert {run["digest"] for run in report["runs"]} == {run.spec.digest for run in runs}
    table = report["tables"][0]
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        list(row) for row in page.rows
    ]
    first = table["rows"][0][1]
    assert report["runs"][first["run"]]["method"] == "sd"
    # Two prompts, of each the images 0 and 1, and their scores are these numbers: half of them.
    assert (first["number"]["value"], first["published"]) == (50.0, 50.0)
    assert first["verdict"] == page.tidy["verdict"].iloc[0]
    assert [cell["run"] for cell in table["rows"][1][1:]] == [None, None]
