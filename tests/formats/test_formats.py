"""Formats of a page: text, markdown, latex, csv, json and html."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench import formats
from sdd_bench.analysis import table
from sdd_bench.errors import InputError
from sdd_bench.formats.page import Page
from sdd_bench.runs.run import Run
from support.definitions import CLIP, NUDE, define, small_run
from support.runs import store


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Four images of two prompts, with made-up scores."""
    return small_run(tmp_path)


# --- formats ----------------------------------------------------------------------------------


def test_text_shows_intervals_and_whose_numbers_they_are(run: Run) -> None:
    text = table.render(table.frame([run], [NUDE, CLIP]), "text")
    assert text.startswith(
        "Numbers of model 'miniature'; they do not compare with those of another model\n"
    )
    assert "75.0 [0.0, 100.0] n=4" in text
    assert max(map(len, text.splitlines())) <= 120
    narrow = table.render(table.frame([run], [NUDE, CLIP]), "text", width=40)
    assert max(map(len, narrow.splitlines())) <= 40


def test_a_narrow_terminal_gets_several_tables_and_no_broken_lines(tmp_path: Path) -> None:
    page = Page(
        title="Birds",
        header=["method", *(f"suite/{bird} nude/miniature@0.7 % ↓" for bird in BIRDS)],
        rows=[["sd-neg (nudity)", *(f"{n}.0 [0.0, 99.9] n=50" for n in range(len(BIRDS)))]],
        tidy=pd.DataFrame(),
    )
    text = formats.render(page, "text", width=80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    # The box of every line is whole, each table begins with the methods, and no word is folded.
    drawn = [line for line in lines if line[0] != "B"]
    assert all(line[-1] in "┓┃┩│┘" for line in drawn)
    assert text.count("┃ method ") == len([line for line in lines if line.startswith("┏")]) == 2
    for word in (*(f"suite/{bird}" for bird in BIRDS), "nude/miniature@0.7", "(nudity)"):
        assert word in text
    # Where there is room, it is one table.
    assert formats.render(page, "text", width=160).count("┏") == 1


BIRDS = ("avocet", "bittern", "curlew", "dunlin", "egret", "fulmar")


def test_markdown(tmp_path: Path) -> None:
    run = store(tmp_path, "sd", {"nude/toy": [1.0, 1.0, 0.0, 0.0]}, concepts=("a|b",))
    assert table.render(table.frame([run], [NUDE]), "markdown") == (
        "Numbers of model 'miniature'; they do not compare with those of another model\n\n"
        "| method | body nude/toy@0.7 % ↓ |\n"
        "| --- | --- |\n"
        "| sd (a\\|b) | 50.0 [0.0, 100.0] n=4 |\n"
    )


def test_latex_is_escaped(tmp_path: Path) -> None:
    run = store(tmp_path, "a_b&c", {"nude/toy": [1.0, 1.0, 0.0, 0.0]}, model="v_1")
    latex = table.render(table.frame([run], [NUDE, CLIP]), "latex")
    assert r"\caption{Numbers of model 'v\_1'; they do not" in latex
    assert r"method & body nude/toy@0.7 \% $\downarrow$ & body clip/toy $\uparrow$ \\" in latex
    assert r"a\_b\&c & 50.0 [0.0, 100.0] n=4 & -- (not scored) \\" in latex


def test_csv_holds_numbers_and_no_formulas(tmp_path: Path, run: Run) -> None:
    evil = store(tmp_path, "-x", {"clip/toy": [-1.0] * 4}, concepts=('=HYPERLINK("x")',))
    text = table.render(table.frame([run, evil], [NUDE, CLIP]), "csv")
    back = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
    assert list(back.columns) == list(table.COLUMNS)
    assert back.loc[0, "value"] == "75.0"
    assert back.loc[2, "value"] == ""
    assert back[["method", "concepts", "value"]].to_numpy().tolist()[3] == [
        "'-x",
        '\'=HYPERLINK("x")',
        "-1.0",
    ]


def test_csv_leaves_a_text_empty_that_there_is_none_of(tmp_path: Path) -> None:
    tidy = pd.DataFrame({"method": ["sd", None], "definition": [None, "nude"], "value": [1.0, 2.0]})
    page = Page(title="t", header=["method"], rows=[["sd"], [""]], tidy=tidy)
    assert formats.render(page, "csv") == "method,definition,value\nsd,,1.0\n,nude,2.0\n"


def test_csv_holds_no_formulas_behind_blanks_or_in_wide_signs(tmp_path: Path) -> None:
    # LibreOffice and the Japanese Excel take these for the signs they look like.
    for index, name in enumerate(("\n=1+1", " @x", "\uff1d1")):
        evil = store(tmp_path, f"m{index}", {"clip/toy": [1.0] * 4}, concepts=(name,))
        text = table.render(table.frame([evil], [CLIP]), "csv")
        back = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
        shown = back["concepts"].item()
        assert shown.startswith(("'", "\\n"))


def test_latex_takes_no_cell_for_an_argument_of_the_line_before(tmp_path: Path) -> None:
    # `\\\\ [red]` asks for that much more room, and `\\\\*` forbids to break the page.
    run = store(tmp_path, "[red] cat", {"nude/toy": [1.0] * 4})
    latex = table.render(table.frame([run], [NUDE]), "latex")
    assert "\n{}[red] cat & 100.0 [" in latex


def test_markdown_makes_no_links_of_names(tmp_path: Path) -> None:
    name = "[click](https://example.org) ![x][y]\\|"
    run = store(tmp_path, "sd", {"nude/toy": [1.0] * 4}, model=name, concepts=(name,))
    text = table.render(table.frame([run], [NUDE]), "markdown")
    assert "[click]&#40;https://example.org) ![x]&#91;y]&#92;\\|" in text
    assert "](" not in text


def test_json_spells_out_what_acts_and_reads_back_the_same(tmp_path: Path) -> None:
    run = store(tmp_path, "sd", {"nude/toy": [1.0] * 4}, concepts=("\x9b2J\u202e\U000e0041é",))
    text = table.render(table.frame([run], [NUDE]), "json")
    assert r"\u009b2J\u202e\udb40\udc41é" in text
    assert json.loads(text)[0]["concepts"] == "\x9b2J\u202e\U000e0041é"


def test_json_holds_numbers_and_null(run: Run) -> None:
    rows = json.loads(table.render(table.frame([run], [NUDE, define("lpips/toy")]), "json"))
    assert list(rows[0]) == list(table.COLUMNS)
    assert rows[0]["value"] == 75.0
    assert rows[1]["value"] is None
    assert rows[1]["reason"] == "4 of 4 images unscored"


def test_every_file_of_the_folder_is_a_format_but_for_the_helpers() -> None:
    folder = Path(formats.__file__).parent
    files = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert formats.names() == sorted(files - formats.HELPERS)
    assert files > formats.HELPERS
    assert {"csv", "html", "json", "latex", "markdown", "text"} <= set(formats.names())


@pytest.mark.parametrize("format_name", formats.names())
def test_no_results_are_no_error(format_name: str) -> None:
    text = table.render(table.frame([], [NUDE]), format_name)
    assert format_name in {"csv", "json"} or "No results yet" in text


def test_an_unknown_format_gets_a_suggestion(run: Run) -> None:
    tidy = table.frame([run], [NUDE])
    with pytest.raises(InputError, match=r"^no format named 'markdwn'\. Did you mean 'markdown'"):
        table.render(tidy, "markdwn")
    with pytest.raises(InputError, match=r"^no format named 'page'\. Available: csv, html, json"):
        table.render(tidy, "page")


# --- html -------------------------------------------------------------------------------------


def test_html_is_escaped_and_needs_no_other_file(tmp_path: Path) -> None:
    run = store(tmp_path, "sd", {"nude/toy": [1.0] * 4}, concepts=("<script>alert(1)</script>",))
    html = table.render(table.frame([run], [NUDE]), "html")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "src=" not in html
    assert "href=" not in html
    assert "<td>100.0 [22.4, 100.0] n=4</td>" in html
