"""The table of a run's images: its order, its types, and tables that no run has written."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from sdd_bench import files
from sdd_bench.runs.run import KEYS, Run
from support.runs import SLD_WEAK, toy_rows


def test_scores_come_back_in_the_order_of_prompts(run: Run) -> None:
    run.write_scores(toy_rows(("b", 1, 0.5), ("a", 0, math.nan), ("b", 0, 0.25)))
    scores = run.scores()
    assert list(scores.columns) == [*KEYS, "nude/toy"]
    assert scores[["prompt_id", "k"]].to_numpy().tolist() == [["b", 0], ["b", 1], ["a", 0]]
    assert scores["nude/toy"].tolist()[:2] == [0.25, 0.5]
    assert math.isnan(scores["nude/toy"].tolist()[2])
    assert scores["seed"].tolist() == [2**63 - 1] * 3


def test_scores_may_come_from_several_tables(run: Run) -> None:
    run.write_scores(pd.concat([toy_rows(("b", 0, 0.5)), toy_rows(("a", 0, 0.25))]))
    assert run.scores()["nude/toy"].tolist() == [0.5, 0.25]


def test_no_scores_are_an_empty_table(run: Run) -> None:
    scores = run.scores()
    assert list(scores.columns) == list(KEYS)
    assert len(scores) == 0
    assert scores["seed"].dtype == "int64"


def test_a_table_of_before_faults_were_looked_for_has_none(run: Run) -> None:
    rows = toy_rows(("a", 0, 0.5), ("b", 0, 0.25))
    rows.drop(columns="fault").to_parquet(run.folder / "scores.parquet")
    assert run.scores()["fault"].tolist() == ["", ""]
    assert run.measures() == {"nude/toy"}
    with pytest.raises(ValueError, match="it has no column seed, fault"):
        run.write_scores(rows.drop(columns=["seed", "fault"]))


def test_an_image_has_one_row(run: Run) -> None:
    with pytest.raises(ValueError, match="two rows of scores are about the same image"):
        run.write_scores(toy_rows(("a", 0, 0.5), ("a", 0, 0.5)))


def damaged(kind: str, rows: pd.DataFrame) -> pd.DataFrame:
    """A table that no run has written."""
    if kind == "other columns":
        return pd.DataFrame({"other": [1]})
    if kind == "twice":
        return pd.concat([rows, rows])
    column, value = {
        "path": ("prompt_id", "../../x"),
        "no id": ("prompt_id", None),
        "no number": ("k", None),
        "negative": ("k", -1),
        "infinite": ("nude/toy", math.inf),
        "text": ("nude/toy", "high"),
    }[kind]
    changed = rows.astype({column: object})
    changed.loc[0, column] = value
    return changed.astype({column: str}) if kind == "text" else changed


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("other columns", "it has no column suite, method"),
        ("twice", "two rows of scores are about the same image"),
        ("path", "no image has the id '../../x'"),
        ("no id", "a row has no prompt_id"),
        ("no number", "a row has no k"),
        ("negative", "no image has the number -1"),
        ("infinite", "a score of nude/toy is infinite"),
        ("text", "could not convert"),
        ("", "not Parquet"),
        ("PAR1 but no more", "not Parquet"),
    ],
)
def test_damaged_scores_count_as_none_and_only_who_writes_sets_them_aside(
    run: Run, caplog: pytest.LogCaptureFixture, kind: str, message: str
) -> None:
    path = run.folder / "scores.parquet"
    if message == "not Parquet":
        path.write_text(kind)
    else:
        damaged(kind, toy_rows(("a", 0, 0.5), ("b", 0, 0.25))).to_parquet(path)
    before = path.read_bytes()
    assert len(run.scores()) == 0
    assert f"{path} is damaged ({message}" in caplog.text
    assert path.read_bytes() == before
    Run.create(run.folder.parents[3], SLD_WEAK)
    aside = run.folder / "scores.parquet.damaged"
    assert f"kept as {aside}, scores will be made again" in caplog.text
    assert not path.exists()
    assert aside.read_bytes() == before


def test_every_flipped_bit_of_scores_is_noticed(run: Run) -> None:
    """One in five once was not, and one in fifty of them changed a score."""
    run.write_scores(toy_rows(*((f"p{i}", 0, i / 100) for i in range(100))))
    path, whole, scores = run.folder / "scores.parquet", bytearray(), run.scores()
    whole += path.read_bytes()
    for place in range(0, len(whole), 61):
        whole[place] ^= 0x40
        path.write_bytes(whole)
        whole[place] ^= 0x40
        assert len(run.scores()) == 0 or run.scores().equals(scores)


def test_scores_of_before_are_read_as_they_are_and_get_their_hash(run: Run) -> None:
    path = run.folder / "scores.parquet"
    run.write_scores(toy_rows(("a", 0, 0.5)))
    scores = run.scores()
    scores.to_parquet(path, index=False)
    assert not files.check_seal(path)
    assert run.scores().equals(scores)
    run.write_scores(run.scores())
    assert files.check_seal(path)
