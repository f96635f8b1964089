"""Tables of text: no word is broken, whatever the width."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd
import pytest
from rich.box import SIMPLE
from rich.cells import cell_len

from sdd_bench import formats
from sdd_bench.formats import text
from sdd_bench.formats.page import Page

COLUMNS = (
    "country_body nude/miniature@0.7 % ↓",
    "miniature/coco30k clip/miniature ↑",
    "miniature/coco30k fid/miniature ↓",
    "miniature/coco30k lpips/miniature ↓",
    "miniature/coco30k nude/miniature@0.7 % ↓",
)
CELLS = (
    "75.0 [42.2, 92.5] n=1200",
    "0.662 [0.205, 1.119] n=1200",
    "2851.566 [2175.018, 3528.115]\nnoise [46.77, 91.11]\npaper 21.348* (+2830.218)",
    "– (is the baseline)",
    "0.0 [0.0, 52.7] n=1200 (10 of 1210 images unscored)",
)


def page(methods: tuple[str, ...] = ("sd", "sd-neg (nudity, sexual)")) -> Page:
    rows = [[method, *CELLS] for method in methods]
    return Page(title="", header=["method", *COLUMNS], rows=rows, tidy=pd.DataFrame())


def unbroken(drawn: str) -> Counter[str]:
    """Words, and intervals with the blank in them, that stand in one line."""
    return Counter(re.findall(r"\[[^]\n│]*\]|[^\s┃│]+", re.sub("[━─┏┓┡┩┳╇┼├┤└┘┴]", " ", drawn)))


def words(shown: Page) -> Counter[str]:
    return unbroken("\n".join("\n".join(row) for row in [shown.header, *shown.rows]))


def broken(shown: Page, width: int) -> set[str]:
    """Words of a page that are not found whole as often as they stand in it."""
    found = unbroken(formats.render(shown, "text", width=width))
    return {word for word, count in words(shown).items() if found[word] < count}


@pytest.mark.parametrize("width", [60, 80, 100, 120, 400])
def test_no_word_and_no_interval_is_broken(width: int) -> None:
    assert not broken(page(), width)
    lines = formats.render(page(), "text", width=width).splitlines()
    assert max(map(cell_len, lines)) <= width


def test_a_broken_word_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_least", lambda cells: 6)
    assert "nude/miniature@0.7" in broken(page(), 60)


def test_in_a_wide_place_every_line_of_a_cell_is_one_line() -> None:
    drawn = formats.render(page(), "text", width=400)
    assert re.search(r"│ 0\.662 \[0\.205, 1\.119\] n=1200 +│", drawn)
    assert drawn.count("┏") == 1


def test_where_there_is_less_room_the_interval_and_n_stand_below_the_value() -> None:
    drawn = text.table(["m", "clip"], [["sd", CELLS[1]]], 29)
    cells = [line.split("│")[2].strip() for line in drawn.splitlines() if line.startswith("│")]
    assert cells == ["0.662", "[0.205, 1.119]", "n=1200"]


def test_a_word_that_is_wider_than_the_place_is_folded_and_nothing_is_lost() -> None:
    drawn = text.table(["name", "what"], [["sd", "x" * 50]], 40)
    assert max(map(cell_len, drawn.splitlines())) == 40
    assert drawn.count("x") == 50


def test_room_goes_to_the_column_that_is_longest() -> None:
    # 40 = two words of 6 + 2 x 3 + 1, and 21 left for ten words of four and their blanks.
    drawn = text.table(["a", "b"], [["sd", " ".join(["word"] * 10)]], 40, SIMPLE)
    assert sum("word" in line for line in drawn.splitlines()) == 2


def test_every_part_of_a_table_has_the_columns_that_tell_its_rows_apart() -> None:
    header = ["suite", "metric", *(f"{'column':_<18}{n}" for n in range(4))]
    rows = [["coco", metric, *(f"{'value':_<18}{n}" for n in range(4))] for metric in ("x", "y")]
    parts = text.table(header, rows, 80).split("┏")[1:]
    assert len(parts) == 2
    assert all("coco" in part and "│ y " in part for part in parts)
    # Where the first column does so alone, it is the only one.
    parts = text.table(header, [["a", *rows[0][1:]], ["b", *rows[1][1:]]], 80).split("┏")[1:]
    assert len(parts) == 2
    assert "metric" not in parts[1]
