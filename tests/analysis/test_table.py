"""The table of all runs: its tidy rows, and the wide form for people."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sdd_bench.analysis import table
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Settings
from support.definitions import CLIP, FID, NUDE, define
from support.runs import store


def test_the_tidy_table(run: Run) -> None:
    tidy = table.frame([run], [NUDE, CLIP, define("lpips/toy"), FID, define("harm/toy@0.7", 0.7)])
    assert list(tidy.columns) == list(table.COLUMNS)
    columns = ["definition", "value", "n", "unit", "better", "reason"]
    rows = tidy[columns].astype(object).where(tidy[columns].notna(), "NaN").to_numpy().tolist()
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


def test_other_prompts_under_a_suites_name_are_another_suite(tmp_path: Path, run: Run) -> None:
    other = store(tmp_path, "sdd", {"nude/toy": [0.0]}, suite_hash="2" * 16)
    taken = store(tmp_path, "sd", {"nude/toy": [0.0]}, suite="country_body", suite_hash="3" * 16)
    shipped = store(
        tmp_path, "sdd", {"nude/toy": [0.0]}, suite="country_body", suite_hash="de4bc49496d2a092"
    )
    alone = [table.frame([each], [NUDE])["suite"][0] for each in (run, taken, shipped)]
    assert alone == ["body", "country_body #33333333", "country_body"]
    runs = [run, other, taken, shipped]
    together = [table.frame([each], [NUDE], among=runs)["suite"][0] for each in runs]
    assert together == [
        "body #1", "body #22222222", "country_body #33333333", "country_body #de4bc494",
    ]  # fmt: skip


def test_the_pivot_is_for_people(tmp_path: Path, run: Run) -> None:
    other = store(tmp_path, "sdd", {"nude/toy": [0.0] * 4}, concepts=("nudity", "blood"))
    third = store(tmp_path, "sd", {"nude/toy": [1.0] * 2}, suite="street")
    wide = table.pivot(table.frame([run, other, third], [NUDE, FID]))
    assert wide.index.tolist() == ["sd", "sdd (nudity, blood)"]
    assert wide.columns.tolist() == [
        "body nude/toy@0.7 % ↓",
        "body fid/toy ↓",
        "street nude/toy@0.7 % ↓",
        "street fid/toy ↓",
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


def test_weights_of_somebody_have_a_row_of_their_own_over_all_suites(tmp_path: Path) -> None:
    own, given = {"checkpoint": None}, {"checkpoint": "3fa21b07" + "0" * 56}
    scores = {"nude/toy": [0.0] * 4}
    runs = [
        store(tmp_path, method, scores, suite=suite, **weights)
        for method, suite, weights in (
            ("sd", "i2p", own), ("sd", "i2p", given), ("sd", "other", own), ("sd", "other", given),
            ("sega", "i2p", given), ("sdd", "i2p", given),
            ("sdd", "other", {"checkpoint": "9" * 64}),
        )
    ]  # fmt: skip
    assert table.pivot(table.frame(runs, [NUDE])).index.tolist() == [
        "sd", "sd @3fa21b07", "sega", "sdd @3fa21b07", "sdd @99999999",
    ]  # fmt: skip
    (alone,) = table.pivot(table.frame(runs[1:2], [NUDE])).index
    assert alone == "sd @3fa21b07"  # never taken for the undefended model


def test_runs_of_an_earlier_releases_weights_are_kept_in_rows_of_their_own(tmp_path: Path) -> None:
    old = store(tmp_path, "sd", {"nude/toy": [1.0]}, model_hash="a" * 64)
    new = store(tmp_path, "sd", {"nude/toy": [0.0]}, model_hash="b" * 64, suite="street")
    nobodys = store(tmp_path, "sd", {"nude/toy": [0.0]}, model_hash="", suite="lane")
    alone = [table.frame([each], [NUDE])["model"][0] for each in (old, new)]
    assert alone == ["miniature", "miniature"]
    runs = [old, new, nobodys]
    tidy = table.join([table.frame([each], [NUDE], among=runs) for each in runs])
    assert tidy["model"].tolist() == ["miniature @aaaaaaaa", "miniature @bbbbbbbb", "miniature"]
    assert table.labels(tidy) == [
        "miniature @aaaaaaaa: sd",
        "miniature @bbbbbbbb: sd",
        "miniature: sd",
    ]
    assert "'miniature @aaaaaaaa' and 'miniature @bbbbbbbb'" in table.title(tidy)


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
