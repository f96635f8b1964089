"""The page of stored runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import sdd_bench as sb
from support.reporting import plain, read


def made(results: Path, *runs: str, **options: object) -> Path:
    return sb.report(runs, results=results, out=results.parent / "page.html", **options)  # type: ignore[arg-type]


def test_the_page_has_every_run_with_its_raw_scores(results: Path) -> None:
    report = read(made(results)).report
    assert [run["method"] for run in report["runs"]] == ["sd-neg", "sd"] or [
        run["method"] for run in report["runs"]
    ] == ["sd", "sd-neg"]
    (ours,) = (run for run in report["runs"] if run["method"] == "sd-neg")
    assert ours["scores"] == {
        "nude/miniature": [0.2, 0.1, 0.95, 0.3],
        "lpips/miniature": [0.5, 0.25, 0.125, 0.75],
    }


def test_thumbnails_are_the_stored_pictures(results: Path) -> None:
    page = read(made(results))
    for at, run in enumerate(page.report["runs"]):
        shift = 10 if run["method"] == "sd-neg" else 0
        for row in range(4):
            shown = np.asarray(page.picture(at, row), dtype=float)
            assert np.abs(shown.mean((0, 1)) - plain(row + shift).mean((0, 1))).max() < 12


def test_a_page_without_images_holds_none(results: Path) -> None:
    page = read(made(results, images=False))
    assert page.blocks == []
    assert {block for run in page.report["runs"] for block in run["pictures"]["block"]} == {-1}
