"""A run on disk: opened once, found whole, its scores and facts kept."""

from __future__ import annotations

import errno
import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.runs import lookup
from sdd_bench.runs.run import KEYS, Facts, Run, SetValue
from support.runs import PIXELS, SLD_WEAK, sample


def score_rows(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "nude/toy": [score for *_, score in rows],
            "prompt_id": [prompt for prompt, *_ in rows],
            "k": [k for _, k, _ in rows],
            "suite": "s",
            "prompt": "Japan body",
            "method": "sd",
            "group": "",
            "seed": 2**63 - 1,
            "noise_hash": "aa",
            "image_hash": "bb",
            "fault": "",
        }
    )


# --- opening ----------------------------------------------------------------------------------


def test_a_run_is_created_once_and_found_again(tmp_path: Path) -> None:
    first = Run.create(tmp_path, SLD_WEAK)
    assert first.folder == tmp_path / SLD_WEAK.folder
    assert first.facts().finished is None
    first.finish(images=3, truncated_prompts=1, provenance={"python": "3.11"})
    facts = first.facts()
    again = Run.create(tmp_path, SLD_WEAK)
    assert (
        again.facts()
        == facts
        == replace(facts, images=3, truncated_prompts=1, provenance={"python": "3.11"})
    )
    assert facts.finished is not None
    assert again.spec == SLD_WEAK
    other = Run.create(tmp_path, replace(SLD_WEAK, method="sd"))
    assert [each.folder for each in lookup.find(tmp_path)] == sorted([again.folder, other.folder])
    assert lookup.find(tmp_path / "nowhere") == []


def test_a_run_without_its_images_can_go_on(run: Run, tmp_path: Path) -> None:
    (run.folder / "images").rmdir()
    Run.create(tmp_path, SLD_WEAK).save_image(sample(), PIXELS)
    assert run.missing([sample()]) == []


def test_run_json_holds_the_identity(run: Run) -> None:
    content = json.loads((run.folder / "run.json").read_text())
    assert content["digest"] == SLD_WEAK.digest
    assert content["spec"]["settings"] == {
        "steps": 25,
        "guidance_scale": 7.5,
        "seed": 42,
        "dtype": "float32",
    }
    assert list(content) == [
        "digest",
        "spec",
        "started",
        "finished",
        "images",
        "truncated_prompts",
        "provenance",
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"digest": "0", "spec": {}}'])
def test_a_damaged_run_json_is_one_sentence_and_stays(run: Run, text: str) -> None:
    path = run.folder / "run.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        Run.open(run.folder)
    assert str(caught.value).startswith(f"{path} is damaged (")
    assert str(caught.value).endswith("restore it, or move the folder away and run again")
    with pytest.raises(InputError, match="is damaged"):
        Run.create(run.folder.parents[3], SLD_WEAK)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"steps": 25', '"steps": "25"', 'spec.settings.steps should be a valid integer, not "25"'),
        ('"steps": 25', '"step": 25', "spec.settings.step is unknown"),
        ('"seed": 42,', "", None),
        ('"suite_hash": "1",', "", "spec.suite_hash is missing"),
        ('"images": 0', '"images": 0, "image": 1', "image is unknown"),
        ("7.5", "NaN", "Out of range float values are not JSON compliant"),
    ],
)
def test_a_fault_in_run_json_names_its_field(
    run: Run, old: str, new: str, message: str | None
) -> None:
    path = run.folder / "run.json"
    path.write_text(path.read_text().replace(old, new))
    if message is None:  # a field that came later has the value that it had before
        assert Run.open(run.folder) == run
        return
    with pytest.raises(InputError) as caught:
        Run.open(run.folder)
    assert str(caught.value).startswith(f"{path} is damaged ({message}")


def test_a_whole_number_means_the_same_run(run: Run) -> None:
    other = replace(SLD_WEAK, settings=replace(SLD_WEAK.settings, guidance_scale=7.0))
    whole = Run.create(run.folder.parents[3], other)
    path = whole.folder / "run.json"
    path.write_text(path.read_text().replace('"guidance_scale": 7.0', '"guidance_scale": 7'))
    assert Run.open(whole.folder).spec == other


def test_an_edited_run_json_is_refused(run: Run) -> None:
    path = run.folder / "run.json"
    path.write_text(path.read_text().replace('"steps": 25', '"steps": 50'))
    with pytest.raises(InputError, match=f"was edited, its digest {SLD_WEAK.digest} doesn't fit"):
        Run.open(run.folder)


def test_another_run_in_the_folder_is_refused(tmp_path: Path, run: Run) -> None:
    other = Run.create(tmp_path / "other", replace(SLD_WEAK, method="sd"))
    (run.folder / "run.json").write_bytes((other.folder / "run.json").read_bytes())
    with pytest.raises(InputError, match="holds another run than its name says"):
        Run.create(tmp_path, SLD_WEAK)


def test_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Run.open(tmp_path)
    assert str(caught.value) == f"{tmp_path} is no run folder: it has no run.json"


BEFORE = """{
  "digest": "5cdea94077",
  "spec": {
    "model": "miniature",
    "model_hash": "",
    "method": "theirs",
    "parameters": {
      "imported": "85df267b377275412086098838bd4d7af7666909cabea15278a2d470b20b5088"
    },
    "concepts": [],
    "checkpoint": null,
    "suite": "country_body",
    "suite_hash": "de4bc49496d2a092",
    "settings": {
      "steps": 25,
      "guidance_scale": 7.5,
      "seed": 42,
      "dtype": "float32"
    },
    "numerics": "imported"
  },
  "started": "2026-11-26T01:20:28+00:00",
  "finished": "2026-11-26T01:20:28+00:00",
  "images": 50,
  "truncated_prompts": 0,
  "provenance": {
    "platform": "Linux",
    "git_commit": "",
    "naming": "cases"
  }
}
"""
"""As commit ff39426 wrote it, but for some lines of the provenance."""


def test_a_run_of_before_is_read_and_written_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(BEFORE)
    run = Run.open(tmp_path)
    assert run.spec.digest == "5cdea94077"
    assert run.spec.imported
    assert run.facts() == Facts(
        started="2026-11-26T01:20:28+00:00",
        finished="2026-11-26T01:20:28+00:00",
        images=50,
        provenance={"platform": "Linux", "git_commit": "", "naming": "cases"},
    )
    run.write_facts(run.facts())
    assert path.read_text() == BEFORE


# --- scores -----------------------------------------------------------------------------------


def test_scores_come_back_in_the_order_of_prompts(run: Run) -> None:
    run.write_scores(score_rows(("b", 1, 0.5), ("a", 0, math.nan), ("b", 0, 0.25)))
    scores = run.scores()
    assert list(scores.columns) == [*KEYS, "nude/toy"]
    assert scores[["prompt_id", "k"]].to_numpy().tolist() == [["b", 0], ["b", 1], ["a", 0]]
    assert scores["nude/toy"].tolist()[:2] == [0.25, 0.5]
    assert math.isnan(scores["nude/toy"].tolist()[2])
    assert scores["seed"].tolist() == [2**63 - 1] * 3


def test_scores_may_come_from_several_tables(run: Run) -> None:
    run.write_scores(pd.concat([score_rows(("b", 0, 0.5)), score_rows(("a", 0, 0.25))]))
    assert run.scores()["nude/toy"].tolist() == [0.5, 0.25]


def test_no_scores_are_an_empty_table(run: Run) -> None:
    scores = run.scores()
    assert list(scores.columns) == list(KEYS)
    assert len(scores) == 0
    assert scores["seed"].dtype == "int64"


def test_a_table_of_before_faults_were_looked_for_has_none(run: Run) -> None:
    rows = score_rows(("a", 0, 0.5), ("b", 0, 0.25))
    rows.drop(columns="fault").to_parquet(run.folder / "scores.parquet")
    assert run.scores()["fault"].tolist() == ["", ""]
    assert run.measures() == {"nude/toy"}
    with pytest.raises(ValueError, match="it has no column seed, fault"):
        run.write_scores(rows.drop(columns=["seed", "fault"]))


def test_an_image_has_one_row(run: Run) -> None:
    with pytest.raises(ValueError, match="two rows of scores are about the same image"):
        run.write_scores(score_rows(("a", 0, 0.5), ("a", 0, 0.5)))


@pytest.mark.parametrize("content", [b"PAR1 but no more", b"", "columns"])
def test_damaged_scores_are_set_aside(
    run: Run, caplog: pytest.LogCaptureFixture, content: bytes | str
) -> None:
    path = run.folder / "scores.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pd.DataFrame({"other": [1]}).to_parquet(path)
    before = path.read_bytes()
    assert len(run.scores()) == 0
    assert f"{path} is damaged" in caplog.text
    assert not path.exists()
    assert (run.folder / "scores.parquet.damaged").read_bytes() == before


def test_set_values_keep_their_nan(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    assert run.sets() == {}
    good = SetValue(value=12.5, low=11.0, high=14.0, n=100, reference="miniature/renders")
    nan = SetValue(value=math.nan, low=math.nan, high=math.nan, n=0, reason="too few images")
    run.write_sets({"fid/toy": good, "fid/none": nan})
    assert "NaN" not in (run.folder / "sets.json").read_text()
    found = run.sets()
    assert list(found) == ["fid/none", "fid/toy"]
    assert found["fid/toy"] == good
    assert math.isnan(found["fid/none"].value)
    assert found["fid/none"].reason == "too few images"
    (run.folder / "sets.json").write_text("[1]")
    assert run.sets() == {}
    assert (run.folder / "sets.json.damaged").read_text() == "[1]"
    assert "scores will be made again" in caplog.text


# --- writing ----------------------------------------------------------------------------------


def test_a_results_folder_that_is_a_file_is_the_users_mistake(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError) as caught:
        Run.create(file, SLD_WEAK)
    path = file / SLD_WEAK.folder
    assert str(caught.value) == (
        f"cannot write {path}: Not a directory; give another folder with --results"
    )


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (errno.EROFS, InputError, "give another folder with --results"),
        (errno.EACCES, InputError, "give another folder with --results"),
        (errno.ENOSPC, SDDBenchError, "make room and run the same command again"),
    ],
)
def test_a_failed_write_leaves_what_was_there(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[SDDBenchError], advice: str
) -> None:
    run.save_image(sample(), PIXELS)
    before = run.image_path(sample()).read_bytes()

    def fail(self: Path, target: Path) -> None:
        raise OSError(code, "no luck")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(SDDBenchError) as caught:
        run.save_image(sample(), 255 - PIXELS)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"cannot write {run.image_path(sample())}: no luck; ")
    assert str(caught.value).endswith(advice)
    assert run.image_path(sample()).read_bytes() == before
    assert [file.name for file in (run.folder / "images").iterdir()] == ["japan_0000.png"]


def test_facts_can_be_replaced(run: Run) -> None:
    run.write_facts(Facts(started="2024-01-01T00:00:00+00:00", images=7))
    assert Run.open(run.folder).facts().images == 7
