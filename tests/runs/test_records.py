"""What a run's folder says about the run: run.json and sets.json, and what was done to them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.runs.records import Facts, SetValue
from sdd_bench.runs.run import Run
from support.runs import SLD_WEAK


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
        "sha256",
    ]


def test_run_json_says_if_pictures_were_discarded_and_the_digest_stays(run: Run) -> None:
    run.write_facts(replace(run.facts(), discarded=True))
    content = json.loads((run.folder / "run.json").read_text())
    assert content["discarded"] is True
    assert content["digest"] == SLD_WEAK.digest
    assert Run.open(run.folder).facts().discarded
    content["discarded"] = False
    (run.folder / "run.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="is damaged"):
        Run.open(run.folder)


def as_before(path: Path) -> str:
    """The text of a record as versions wrote it that knew no hash, which it gets."""
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content, indent=2))
    return path.read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"digest": "0", "spec": {}}', "[" * 99999])
def test_a_damaged_run_json_is_written_again_by_whoever_knows_what_it_held(
    run: Run, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = run.folder / "run.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        Run.open(run.folder)
    assert str(caught.value).startswith(f"{path} is damaged (")
    assert str(caught.value).endswith("the `sdd-bench run` that made it writes it again")
    assert path.read_text() == text
    for aside in ("run.json.damaged", "run.json.damaged-2"):
        again = Run.create(run.folder.parents[3], SLD_WEAK)
        assert again == run
        assert replace(again.facts(), started="") == Facts(started="")
        assert f"kept as {path.with_name(aside)}, it is written again" in caplog.text
        assert path.with_name(aside).read_text() == text
        path.write_text(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"steps": 25', '"steps": "25"', 'spec.settings.steps should be a valid integer, not "25"'),
        ('"seed": 42,', "", None),
        ('"suite_hash": "1",', "", "spec.suite_hash is missing"),
        ('"images": 0', '"images": "many"', 'images should be a valid integer, not "many"'),
        ("7.5", "NaN", "Out of range float values are not JSON compliant"),
    ],
)
def test_a_fault_in_run_json_names_its_field(
    run: Run, old: str, new: str, message: str | None
) -> None:
    path = run.folder / "run.json"
    path.write_text(as_before(path).replace(old, new))
    if message is None:  # a field that came later has the value that it had before
        assert Run.open(run.folder) == run
        return
    with pytest.raises(InputError) as caught:
        Run.open(run.folder)
    assert str(caught.value).startswith(f"{path} is damaged ({message}")


def test_a_record_of_a_later_version_is_said_to_be_one_and_stays(run: Run) -> None:
    path = run.folder / "run.json"
    path.write_text(path.read_text().replace('"images": 0', '"images": 0, "later": 1'))
    for read in (
        partial(Run.open, run.folder),
        partial(Run.create, run.folder.parents[3], run.spec),
    ):
        with pytest.raises(InputError) as caught:
            read()
        assert str(caught.value) == (
            f"{path} was written by another version of sdd-bench (later is unknown): use that one, "
            "or another --results"
        )
    assert [each.name for each in run.folder.glob("run.json*")] == ["run.json"]


def test_a_whole_number_means_the_same_run(run: Run) -> None:
    other = replace(SLD_WEAK, settings=replace(SLD_WEAK.settings, guidance_scale=7.0))
    whole = Run.create(run.folder.parents[3], other)
    path = whole.folder / "run.json"
    path.write_text(path.read_text().replace('"guidance_scale": 7.0', '"guidance_scale": 7'))
    assert Run.open(whole.folder).spec == other


def test_an_edited_run_json_is_refused(run: Run) -> None:
    path = run.folder / "run.json"
    path.write_text(path.read_text().replace('"images": 0', '"images": 9'))
    with pytest.raises(InputError, match=r"is damaged .its content does not fit its sha256"):
        Run.open(run.folder)
    path.write_text(as_before(path).replace('"steps": 25', '"steps": 50'))
    with pytest.raises(InputError, match=f"its digest {SLD_WEAK.digest} doesn't fit .* was edited"):
        Run.open(run.folder)


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


def test_a_run_of_before_is_read_and_gets_its_hash_when_it_is_written(tmp_path: Path) -> None:
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
    assert as_before(path) + "\n" == BEFORE


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
    path = run.folder / "sets.json"
    edited = path.read_text().replace("12.5", "11.5")
    text = '{"fid/toy": {"value": "x", "low": 1, "high": 2, "n": 3}}'
    for number, damage in enumerate([edited, "[1]", text]):
        path.write_text(damage)
        assert run.sets() == {}
        assert path.read_text() == damage
        run.repair()
        aside = path.with_name(f"sets.json.damaged{f'-{number + 1}' if number else ''}")
        assert aside.read_text() == damage
        assert f"kept as {aside}, scores will be made again" in caplog.text


def test_facts_can_be_replaced(run: Run) -> None:
    run.write_facts(Facts(started="2024-01-01T00:00:00+00:00", images=7))
    assert Run.open(run.folder).facts().images == 7
