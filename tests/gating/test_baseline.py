"""The file of a baseline: a line per prompt, and damage in one sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdd_bench.errors import InputError
from sdd_bench.gating import baseline
from sdd_bench.gating.baseline import BaselineRun
from support.fuzz import BRIEFLY, anything, or_a_sentence
from support.gating import RATE, entry, store_table, table
from support.runs import run_spec


def test_a_baseline_has_a_line_per_prompt(base: BaselineRun, tmp_path: Path) -> None:
    text = (tmp_path / "baseline.json").read_text()
    (run,) = json.loads(text)["runs"]
    assert run["columns"] == ["images", "noise", "pictures", "clip/toy", RATE.name]
    lines = [line for line in text.splitlines() if '"p03"' in line]
    noise, pictures = (str(base.prompts.loc["p03", key]) for key in ("noise", "pictures"))
    assert lines == [f'    "p03": "4 {noise} {pictures} 0.3 1100",']
    assert run["definitions"][RATE.name]["value"] == 50.0
    assert run["identity"]["digest"] == run_spec().digest
    assert run["made_with"] == {"torch": "2.14.1"}
    again = tmp_path / "again.json"
    baseline.write(again, [base])
    assert again.read_text() == text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"value": 50.0', '"value": 40.0', "was edited: miniature/body/sd nude/toy@0.7 is 40 of"),
        (" 0.3 1100", " 0.3 0100", "was edited"),
        (" 0.3 1100", " 0.3", "damaged.*needs 5 columns"),
        (" 0.3 1100", " x 1100", "damaged"),
        (" 0.3 1100", "  0.3 1100", "damaged.*needs 5 columns"),
        (
            '"format": 1',
            '"format": 2',
            r"baseline.json is damaged \(format should be 1, not 2\): restore it, or delete it",
        ),
        ('"format": 1', '"format": true', r"format should be a valid integer, not true"),
        ('"runs": [', '"runs": {', "damaged"),
        ('"digest"', '"dogest"', r"damaged \(runs\.0: identity\.digest is missing\)"),
        (
            '"value": 50.0',
            '"value": "50"',
            r'runs\.0: definitions\.nude/toy@0\.7\.value should be a valid number, not "50"',
        ),
        ('"value": 50.0', '"value": null', r"value should be a valid number, not null"),
        (
            '"value": 40.0',
            '"value": NaN',
            r"damaged \(runs\.0: definitions\.fid/toy has a number that is not finite\): restore",
        ),
        ('"value": 40.0', '"value": Infinity', r"fid/toy has a number that is not finite"),
        ('"tolerance": 1.0', '"tolerance": 1e999', r"fid/toy has a number that is not finite"),
        ('"error": 0.0', '"error": -Infinity', r"clip/toy has a number that is not finite"),
        ('"concepts": []', '"concepts": null', r"damaged \(runs\.0: identity\.concepts should be"),
        ('"settings": {', '"setings": {', r"damaged \(runs\.0: identity\.settings is missing"),
        ('"steps": 25', '"stepz": 25', r"identity\.settings\.steps is missing"),
        ('"suite_hash"', '"suitehash"', r"identity\.suite_hash is missing"),
        ('"checkpoint": null,', "", r"identity\.checkpoint is missing"),
        ('"images",', '"imagez",', "it has no column images"),
        (
            '"tolerance": 1.0',
            '"tolerance": 99.0',
            r"edited: .* does not fit its sha256; restore it",
        ),
        ('"torch": "2.14.1"', '"torch": "2.4.1"', r"edited: .* does not fit its sha256; restore"),
        ('"better": "lower"', '"bettr": "lower"', r"definitions\.[^ ]*\.bettr is unknown"),
        ('"made_with": {', '"made_with": {"torch": 2.0,', r"runs\.0\.made_with\.torch should be"),
    ],
)
def test_a_damaged_baseline_is_one_sentence(
    base: BaselineRun, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        baseline.read(path)


def test_a_value_fits_its_prompts_though_it_is_rounded(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    baseline.write(path, [entry(store_table(tmp_path / "run", table().iloc[:3]))])
    (run,) = baseline.read(path)
    assert run.prompts[RATE.name].tolist() == ["110"]
    assert run.recorded[RATE.name].value == 66.6667  # 2 of 3


def test_what_people_add_beside_the_runs_is_left_alone(base: BaselineRun, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 1, "note": "of May"', 1))
    (found,) = baseline.read(path)
    assert found.recorded == base.recorded


def test_line_ends_order_and_merges_of_a_committed_baseline_change_nothing(
    base: BaselineRun, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    content = json.loads(path.read_text())
    path.write_bytes(json.dumps(content, indent=3).replace("\n", "\r\n").encode())
    assert baseline.read(path)[0].recorded == base.recorded
    path.write_text(json.dumps(content | {"runs": content["runs"] * 2}))
    assert len(baseline.read(path)) == 2
    del content["runs"][0]["sha256"]  # of before entries had one
    path.write_text(json.dumps(content))
    assert baseline.read(path)[0].recorded == base.recorded


@BRIEFLY
@given(data=st.data())
def test_any_file_is_a_baseline_or_has_a_sentence(
    base: BaselineRun, tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(data.draw(anything((tmp_path / "baseline.json").read_bytes())))
    with or_a_sentence(InputError):
        assert all(isinstance(each, BaselineRun) for each in baseline.read(path))


def test_a_prompt_without_scores_has_no_mean_and_no_images() -> None:
    values, counts = baseline.means(["0.25", "-", "0.5/3"], ["4", "4", "4"])
    assert values.tolist() == [0.25, pytest.approx(math.nan, nan_ok=True), 0.5]
    assert counts.tolist() == [4.0, 0.0, 3.0]
    with pytest.raises(ValueError, match="zip"):
        baseline.means(["0.25"], ["4", "4"])


def test_a_sign_that_is_none_counts_for_nothing() -> None:
    assert baseline.verdicts(["1é0", "-"]).tolist() == [ord("1"), ord("?"), ord("0"), ord("-")]


def test_what_has_no_value_is_not_kept(tmp_path: Path) -> None:
    scores = table().assign(**{"clip/toy": math.nan})
    kept = entry(store_table(tmp_path / "run", scores)).measured()
    assert list(kept.recorded) == ["fid/toy", RATE.name]
    assert list(kept.prompts) == ["images", "noise", "pictures", RATE.name]


def test_a_baseline_is_in_order_and_in_plain_letters(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "baseline.json"
    baseline.write(path, [entry(store_table(tmp_path / "run", table(), concepts=("é",)))])
    text = path.read_text(encoding="utf-8")
    assert '"é"' in text
    (run,) = json.loads(text)["runs"]
    assert list(run) == sorted(run)
    assert list(run["identity"]) == sorted(run["identity"])


def test_a_baseline_that_cannot_be_written_names_the_option(
    base: BaselineRun, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        baseline.write(tmp_path / "file" / "baseline.json", [base])
    assert str(tmp_path / "file" / "baseline.json") in str(caught.value)
    assert str(caught.value).endswith(" --baseline")


def test_what_to_do_without_a_baseline_and_with_an_edited_one(
    base: BaselineRun, tmp_path: Path
) -> None:
    path = tmp_path / "none.json"
    with pytest.raises(InputError) as caught:
        baseline.read(path)
    assert str(caught.value) == (
        f"no baseline {path}: `sdd-bench gate --baseline {path} --update` writes one from the "
        "results"
    )
    path = tmp_path / "baseline.json"
    path.write_text(path.read_text().replace('"value": 50.0', '"value": 40.0', 1))
    with pytest.raises(InputError) as caught:
        baseline.read(path)
    assert str(caught.value) == (
        f"the baseline {path} was edited: miniature/body/sd nude/toy@0.7 is 40 of n = 100, but "
        "its prompts say 50 of n = 100; restore it, or delete it and make it anew with --update"
    )


def test_a_run_of_sets_alone_needs_no_prompt(base: BaselineRun, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    content = json.loads(path.read_text())
    (run,) = content["runs"]
    del run["sha256"]
    path.write_text(
        json.dumps(
            content
            | {
                "runs": [
                    run | {"prompts": {}, "definitions": {"fid/toy": run["definitions"]["fid/toy"]}}
                ]
            }
        )
    )
    (found,) = baseline.read(path)
    assert found.prompts.empty
    assert list(found.prompts) == run["columns"]


def test_what_six_digits_leave_out_is_no_edit(tmp_path: Path) -> None:
    """Of 1.0000049 (kept as 1) and 1.0000052 (1.00001) the mean is 1.00000505 (1.00001), which is
    5e-6 from that of what is kept.
    """
    scores = table().query("prompt_id < 'p02'").reset_index(drop=True)
    scores["clip/toy"] = [1.0000049] * 4 + [1.0000052] * 4
    path = tmp_path / "baseline.json"
    baseline.write(path, [entry(store_table(tmp_path, scores))])
    (run,) = json.loads(path.read_text())["runs"]
    assert run["definitions"]["clip/toy"]["value"] == 1.00001
    assert {line.split()[3] for line in run["prompts"].values()} == {"1", "1.00001"}
    (read,) = baseline.read(path)
    assert read.recorded["clip/toy"].value == 1.00001
