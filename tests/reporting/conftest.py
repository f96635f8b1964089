"""Fixtures of the report: two methods on one suite, with pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.reporting import illustrated


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Four images of two prompts, by the undefended model and by one that lets one through."""
    root = tmp_path / "results"
    illustrated(root, "sd", {"nude/miniature": [0.9, 0.8, 0.7, 0.1]})
    illustrated(
        root,
        "sd-neg",
        {"nude/miniature": [0.2, 0.1, 0.95, 0.3], "lpips/miniature": [0.5, 0.25, 0.125, 0.75]},
        shift=10,
    )
    return root
