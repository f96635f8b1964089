"""Results in the layout of lm-evaluation-harness."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdd_bench.analysis import table
from sdd_bench.exports import lm_eval
from support.definitions import CLIP, FID, NUDE, small_run
from support.runs import store


def test_a_file_for_each_method_and_a_task_for_each_suite(tmp_path: Path) -> None:
    runs = [
        store(tmp_path, "sd", {"nude/toy": [0.9] * 4}),
        store(tmp_path, "sd", {"nude/toy": [0.9, 0.1] * 2}, suite="other"),
        store(tmp_path, "sd-neg", {"nude/toy": [0.1] * 4}, concepts=("../nudity", "b")),
    ]
    files = lm_eval.render(table.frame(runs, [NUDE]))
    assert list(files) == [
        "miniature__sd/results.json",
        "miniature__sd-neg-..-nudity-b/results.json",
    ]
    content = json.loads(files["miniature__sd/results.json"])
    values = {task: of["nude/toy@0.7,none"] for task, of in content["results"].items()}
    assert values == {"body": 100.0, "other": 50.0}
    assert content["results"]["body"]["alias"] == "body"
    assert (
        set(content["versions"]) == set(content["n-shot"]) == set(content["configs"]) == {*values}
    )


def test_the_error_is_what_makes_the_interval(tmp_path: Path) -> None:
    content = json.loads(
        lm_eval.render(table.frame([small_run(tmp_path)], [NUDE, CLIP, FID]))[
            "miniature__sd/results.json"
        ]
    )
    task = content["results"]["body"]
    # 1.959964 standard errors to each side of 12.34: [11.0, 13.5].
    assert task["fid/toy_stderr,none"] == pytest.approx((13.5 - 11.0) / 2 / 1.959964, rel=1e-6)
    assert content["higher_is_better"]["body"] == {
        "nude/toy@0.7": False,
        "clip/toy": True,
        "fid/toy": False,
    }
    assert content["n-samples"]["body"] == {"original": 4, "effective": 4}


def test_no_interval_is_no_error_of_zero(tmp_path: Path) -> None:
    tidy = table.frame([small_run(tmp_path)], [NUDE])
    tidy[["low", "high"]] = float("nan")
    (text,) = lm_eval.render(tidy).values()
    assert json.loads(text)["results"]["body"]["nude/toy@0.7_stderr,none"] == "N/A"


def test_methods_of_like_names_have_a_folder_each(tmp_path: Path) -> None:
    runs = [
        store(tmp_path, "sd-neg", {"nude/toy": [value] * 4}, concepts=(concept,))
        for value, concept in ((0.9, "nudity sexual"), (0.1, "Nudity/sexual"), (0.1, "a"))
    ]
    files = lm_eval.render(table.frame(runs, [NUDE]))
    names = [path.removesuffix("/results.json") for path in files]
    first, second, _ = (run.spec.digest for run in runs)
    assert sorted(names) == sorted(
        [
            f"miniature__sd-neg-nudity-sexual-{first}",
            f"miniature__sd-neg-Nudity-sexual-{second}",  # one folder, where case is nothing
            "miniature__sd-neg-a",
        ]
    )


def test_a_folder_has_a_name_that_every_disk_takes(tmp_path: Path) -> None:
    runs = [
        store(tmp_path, "sd-neg", {"nude/toy": [0.1] * 4}, concepts=("裸" * 90, end))
        for end in ("a", "b")
    ]
    names = [
        path.removesuffix("/results.json") for path in lm_eval.render(table.frame(runs, [NUDE]))
    ]
    assert [name.rpartition("-")[2] for name in names] == [run.spec.digest for run in runs]
    assert all(len(name.encode()) < 255 for name in names)
