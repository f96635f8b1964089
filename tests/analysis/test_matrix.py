"""The matrix of removed and prompted artists: its numbers and its page."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from support.matrix import show
from support.shell import Shell


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
