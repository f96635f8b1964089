"""Notebooks of the manual, run from their first cell to the last."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

FIRST_STEPS = ROOT / "docs" / "notebooks" / "first_steps.py"


@pytest.mark.slow
def test_first_steps_go_from_nothing_to_a_comparison(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, FIRST_STEPS, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "sld-max (nudity, sexual)" in done.stdout
    assert "4 x 3 pictures: sd, sd-neg, sld-max" in done.stdout
    assert "sd is worse than sd-neg" in done.stdout
    assert len(list(tmp_path.rglob("images/*.png"))) == 4 * 20
    # Three columns and four rows of 64 pixels, 4 apart.
    header = (tmp_path / "grid.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")) == (200, 268)


def test_first_steps_use_the_public_functions_alone() -> None:
    tree = ast.parse(FIRST_STEPS.read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in imported] == ["import sys", "import sdd_bench as sb"]
