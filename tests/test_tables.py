from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench.analysis import table
from sdd_bench.errors import InputError
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Definition, Settings

from .conftest import store


def define(name: str, threshold: float | None = None, *, higher: bool = False) -> Definition:
    return Definition(
        name=name,
        better="higher" if higher else "lower",
        tolerance=1.0,
        source="this test",
        threshold=threshold,
    )


NUDE = define("nude/toy@0.7", 0.7)
CLIP = define("clip/toy", higher=True)
FID = define("fid/toy")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = store(
        tmp_path,
        "sd",
        {
            # The threshold itself doesn't count: 3 of 4 are above it.
            "nude/toy": [0.71, 0.9, 0.7, 1.0],
            "clip/toy": [30.0, 31.0, math.nan, 35.0],
            "lpips/toy": [math.nan] * 4,
        },
    )
    made.write_sets(
        {"fid/toy": SetValue(value=12.34, low=11.0, high=13.5, n=4, reference="renders")}
    )
    return made


def test_the_tidy_table(run: Run) -> None:
    tidy = table.frame([run], [NUDE, CLIP, define("lpips/toy"), FID, define("harm/toy@0.7", 0.7)])
    assert list(tidy.columns) == list(table.COLUMNS)
    columns = ["definition", "value", "n", "unit", "better", "reason"]
    rows = tidy[columns].astype(object).fillna("NaN").to_numpy().tolist()
    assert rows == [
        ["nude/toy@0.7", 75.0, 4, "%", "lower", ""],
        ["clip/toy", 32.0, 3, "", "higher", "1 of 4 images unscored"],
        ["lpips/toy", "NaN", 0, "", "lower", "4 of 4 images unscored"],
        ["fid/toy", 12.34, 4, "", "lower", ""],
        ["harm/toy@0.7", "NaN", 0, "%", "lower", "not scored"],
    ]
    # Two prompts with rates of 1 and 1/2: logit 1.0986 -+ t(1) 12.706 x error .25 / (.75 x .25).
    assert tidy[["low", "high"]].to_numpy().tolist()[0] == pytest.approx(
        [100 / (1 + math.exp(-1.098612 + side * 16.941607)) for side in (1, -1)], abs=1e-4
    )
    # Wilson, 3 of 4, by hand: (.75 + .480182 -+ .509909) / 1.960365.
    assert tidy[["noise_low", "noise_high"]].to_numpy().tolist()[0] == pytest.approx(
        [30.0642, 95.4413], abs=1e-3
    )
    assert tidy[["low", "high"]].to_numpy().tolist()[3] == [11.0, 13.5]


def test_images_that_do_not_exist_are_unscored(run: Run) -> None:
    run.finish(images=10, truncated_prompts=0, provenance={})
    tidy = table.frame([run], [NUDE])
    assert tidy.loc[0, "reason"] == "6 of 10 images unscored"
    assert tidy.loc[0, "n"] == 4


def test_another_threshold_reads_the_same_scores(run: Run) -> None:
    tidy = table.frame([run], [define("nude/toy@0.95", 0.95)])
    assert tidy.loc[0, "value"] == 25.0


def test_the_pivot_is_for_people(tmp_path: Path, run: Run) -> None:
    other = store(tmp_path, "sdd", {"nude/toy": [0.0] * 4}, concepts=("nudity", "blood"))
    third = store(tmp_path, "sd", {"nude/toy": [1.0] * 2}, suite="i2p")
    wide = table.pivot(table.frame([run, other, third], [NUDE, FID]))
    assert wide.index.tolist() == ["sd", "sdd (nudity, blood)"]
    assert wide.columns.tolist() == [
        "body nude/toy@0.7 % ↓",
        "body fid/toy ↓",
        "i2p nude/toy@0.7 % ↓",
        "i2p fid/toy ↓",
    ]
    # No event in two prompts: 1 - .05^(1/2) = .776; nothing but events in one: .05.
    assert wide.to_numpy().tolist() == [
        [
            "75.0 [0.0, 100.0] n=4",
            "12.3 [11.0, 13.5] n=4",
            "100.0 [5.0, 100.0] n=2",
            "– (not scored)",
        ],
        ["0.0 [0.0, 77.6] n=4", "– (not scored)", "–", "–"],
    ]


def test_rows_that_would_look_alike_show_what_differs(tmp_path: Path, run: Run) -> None:
    other = store(tmp_path, "sd", {"nude/toy": [0.0] * 4}, settings=Settings(steps=50))
    wide = table.pivot(table.frame([run, other], [NUDE]))
    assert wide.index.tolist() == [f"sd #{run.spec.digest}", f"sd #{other.spec.digest}"]
    third = store(tmp_path, "sd", {"nude/toy": [0.0] * 4}, model="sd-v1-4", model_hash="1")
    tidy = table.frame([run, third], [NUDE])
    assert table.pivot(tidy).index.tolist() == ["miniature: sd", "sd-v1-4: sd"]
    assert table.title(tidy) == (
        "Numbers of models 'miniature' and 'sd-v1-4'; they do not compare with one another"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (0.012345, "0.0123"),
        (0.00001, "0.0000"),
        (16.0, "16.0"),
        (123.4, "123"),
        (0.0, "0.00"),
        (-2.5, "-2.50"),
    ],
)
def test_numbers_have_three_digits(tmp_path: Path, value: float, text: str) -> None:
    run = store(tmp_path, "sd", {})
    run.write_sets({"fid/toy": SetValue(value=value, low=math.nan, high=math.nan, n=9)})
    wide = table.pivot(table.frame([run], [FID]))
    assert wide.iloc[0, 0] == f"{text} [–, –] n=9"


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


def test_json_holds_numbers_and_null(run: Run) -> None:
    rows = json.loads(table.render(table.frame([run], [NUDE, define("lpips/toy")]), "json"))
    assert list(rows[0]) == list(table.COLUMNS)
    assert rows[0]["value"] == 75.0
    assert rows[1]["value"] is None
    assert rows[1]["reason"] == "4 of 4 images unscored"


@pytest.mark.parametrize("format_name", ["text", "markdown", "latex", "csv", "json", "html"])
def test_no_results_are_no_error(format_name: str) -> None:
    text = table.render(table.frame([], [NUDE]), format_name)
    assert format_name in {"csv", "json"} or "No results yet" in text


def test_an_unknown_format_gets_a_suggestion(run: Run) -> None:
    with pytest.raises(InputError, match=r"^no format named 'markdwn'\. Did you mean 'markdown'"):
        table.render(table.frame([run], [NUDE]), "markdwn")


# --- groups -----------------------------------------------------------------------------------


def test_a_table_is_split_by_groups_and_an_image_may_be_in_several(
    tmp_path: Path, run: Run
) -> None:
    scores = run.scores()
    scores["group"] = ["violence, hard", "violence, hard", "hate", ""]
    run.write_scores(scores)
    tidy = table.frame([run], [NUDE, FID], by_group=True)
    # A distance between sets has no parts; images without a group are in none.
    assert tidy[["group", "definition", "value", "n"]].to_numpy().tolist() == [
        ["hard", "nude/toy@0.7", 100.0, 2],
        ["hate", "nude/toy@0.7", 0.0, 1],
        ["violence", "nude/toy@0.7", 100.0, 2],
    ]
    wide = table.pivot(tidy)
    assert wide.index.tolist() == ["hard", "hate", "violence"]
    assert wide.columns.tolist() == ["sd: body nude/toy@0.7 % ↓"]


# --- html -------------------------------------------------------------------------------------


def test_html_is_escaped_and_needs_no_other_file(tmp_path: Path) -> None:
    run = store(tmp_path, "sd", {"nude/toy": [1.0] * 4}, concepts=("<script>alert(1)</script>",))
    html = table.render(table.frame([run], [NUDE]), "html")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "src=" not in html
    assert "href=" not in html
    assert "<td>100.0 [22.4, 100.0] n=4</td>" in html
