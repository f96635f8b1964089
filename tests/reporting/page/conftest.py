"""A report of two methods on three suites of forty images, open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sdd_bench as sb
from sdd_bench.runs.lookup import find
from support.reporting import shelf

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from support.browser import Visit


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs: two rates more than the shelf has, one of which counts its threshold, too."""
    root = tmp_path_factory.mktemp("library") / "results"
    shelf(root)
    rng = np.random.default_rng(3)
    for run in find(root):
        scores = run.scores()
        run.write_scores(scores.assign(**{"nude/v2-classifier": rng.random(len(scores)).round(1)}))
    return root


@pytest.fixture(scope="session")
def report(library: Path) -> Path:
    return sb.report(results=library, out=library.parent / "report.html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright", reason="no playwright: it is in the extra `dev`")
    from support.browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Browser, report: Path) -> Iterator[Visit]:
    """The report, about which the browser has nothing to complain in the end."""
    from support.browser import Visit

    opened = Visit.of(browser, report)
    yield opened
    opened.page.close()
    assert opened.complaints == []
