"""A page by itself: printed, in a notebook, and what it takes to import it."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd

from sdd_bench import formats
from sdd_bench.formats.page import Page

PAGE = Page(
    title="Rates of <b> & co",
    header=["method", "body\nrate"],
    rows=[["sd", "75.0\nremoved"], ["<script>alert(1)</script>", "–"]],
    tidy=pd.DataFrame({"value": [75.0]}),
    notes=["n < 10"],
)


def test_a_page_prints_itself_as_text() -> None:
    assert str(PAGE) == formats.render(PAGE, "text", width=120)
    assert str(PAGE).startswith("Rates of <b> & co\n")


def test_a_notebook_shows_the_table_of_the_document() -> None:
    html = PAGE._repr_html_()
    # The same markup, but for the lines in a cell: a notebook's style would join them.
    document = formats.render(PAGE, "html")
    assert html.replace("<br>", "\n") in document
    assert '<th scope="col">body<br>rate</th>' in html
    assert "<td>75.0<br>removed</td>" in html
    assert "<p>n &lt; 10</p>" in html
    assert html.startswith("<table>")
    assert "<style" not in html
    assert "<style" in document


def test_nothing_in_a_notebook_is_run() -> None:
    html = PAGE._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Rates of &lt;b&gt; &amp; co" in html


HEAVY = ("pandas", "numpy", "jinja2", "rich", "torch")


def loaded(code: str) -> set[str]:
    """Those of HEAVY that a fresh interpreter holds after `code`."""
    tell = "\nimport sys; print('\\n', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code + tell], capture_output=True, text=True, check=True
    )
    return set(HEAVY) & set(done.stdout.splitlines()[-1].split())


def test_formats_are_listed_without_loading_any() -> None:
    assert loaded("from sdd_bench import formats; assert formats.names()") == set()


def test_a_format_that_is_loaded_would_be_found() -> None:
    assert loaded("import sdd_bench.formats.csv") >= {"pandas"}
