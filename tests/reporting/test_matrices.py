"""The matrix on the page is that of `sdd-bench matrix`."""

from __future__ import annotations

import math
from pathlib import Path

import sdd_bench as sb
from sdd_bench.types import Prompt, Sample
from support.reporting import read
from support.runs import made_up, run_spec, score_rows

SAMPLES = [
    Sample(
        suite="artists", prompt=Prompt(id=f"{artist[0]}{at}", text="t", group=artist), k=0, seed=at
    )
    for artist in ("monet", "seurat")
    for at in range(2)
]


def store(root: Path, concepts: tuple[str, ...], style: list[float], **changes: object) -> None:
    spec = run_spec(
        method="sd-neg" if concepts else "sd", concepts=concepts, suite="artists", **changes
    )
    rows = score_rows(spec.method, SAMPLES, **{"style/miniature": style})
    made_up(root, spec, scores=rows, finished=4)


def test_what_was_removed_is_held_against_whose_prompts(tmp_path: Path) -> None:
    root = tmp_path / "r"
    store(root, (), [0.9, 0.9, 0.9, 0.4])
    store(root, ("seurat",), [0.8, 0.7, 0.5, 0.6])
    store(root, ("monet",), [0.1, 0.2, 0.9, 0.3])
    report = read(sb.report(results=root, out=tmp_path / "p.html")).report
    (table,) = (each for each in report["matrices"] if each["title"].startswith("style/miniature,"))
    assert table["header"] == ["removed", "monet", "seurat", "kept"]
    values = [[cell["number"]["value"] for cell in row[1:]] for row in table["rows"]]
    # Means of two prompts each; of what is kept, of the prompts beside the diagonal.
    expected = [[0.9, 0.65, 0.775], [0.15, 0.6, 0.6], [0.75, 0.55, 0.75], [0.75, 0.6, 0.675]]
    for line, row in zip(expected, values, strict=True):
        assert all(math.isclose(a, b) for a, b in zip(line, row, strict=True))
    monet = table["rows"][1][1]
    assert report["runs"][monet["run"]]["concepts"] == ["monet"]
    assert (monet["group"], monet["definition"]) == ("monet", "style/miniature")
    assert table["rows"][3][1]["run"] is None


def test_one_removal_is_no_matrix(tmp_path: Path) -> None:
    root = tmp_path / "r"
    store(root, (), [0.9, 0.9, 0.9, 0.4])
    store(root, ("monet",), [0.1, 0.2, 0.9, 0.3])
    store(root, ("a bicycle",), [0.1, 0.2, 0.9, 0.3])
    assert read(sb.report(results=root, out=tmp_path / "p.html")).report["matrices"] == []


def test_without_the_undefended_model_there_is_none(tmp_path: Path) -> None:
    root = tmp_path / "r"
    store(root, ("seurat",), [0.8, 0.7, 0.5, 0.6])
    store(root, ("monet",), [0.1, 0.2, 0.9, 0.3])
    assert read(sb.report(results=root, out=tmp_path / "p.html")).report["matrices"] == []
