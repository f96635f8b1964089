"""What is missing is made, from Python as from the command line."""

from __future__ import annotations

import importlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import sdd_bench as sb
from sdd_bench.api.results import Result
from sdd_bench.errors import IncompleteError
from sdd_bench.runs.lookup import find
from sdd_bench.types import Pixels
from support.papers import own_table
from support.runs import pictures
from support.shell import Shell


@pytest.fixture
def few(shell: Shell) -> dict[str, object]:
    """Options of a small run."""
    return {
        "limit": 2,
        "images_per_prompt": 1,
        "steps": 2,
        "device": "cpu",
        "metrics": ["nude/miniature@0.7", "lpips/miniature"],
        "results": shell.results,
    }


def test_a_run_is_that_of_the_command(shell: Shell, few: dict[str, object]) -> None:
    suite = str(shell.folder / "toy.csv")
    result = sb.run("sd-neg", suite, **few)  # type: ignore[arg-type]
    (run,) = result.runs
    before = pictures(run)
    metrics = ("--metric", "nude/miniature@0.7", "--metric", "lpips/miniature")
    answer = shell.run(*metrics, method="sd-neg")
    assert answer.code == 0
    assert pictures(run) == before
    assert answer.out.startswith(str(result))
    assert result.frame["n"].tolist() == [2, 0]
    assert "no images of sd to compare with" in result.frame["reason"].tolist()
    stored = pd.read_csv(shell.folder / "toy.csv")["id"].tolist()[:2]
    assert sorted(set(sb.load(shell.results)["prompt_id"])) == sorted(stored)


def test_several_methods_are_compared_with_the_undefended_one(
    shell: Shell, few: dict[str, object]
) -> None:
    suite = str(shell.folder / "toy.csv")
    frame = sb.run(["sd", "sd-neg"], suite, **few).frame  # type: ignore[arg-type]
    lpips = frame[frame["definition"] == "lpips/miniature"].set_index("method")
    assert lpips.loc["sd", "reason"] == "is the baseline"
    assert lpips.loc["sd-neg", "n"] == 2


def test_scores_of_stored_images(used: Shell) -> None:
    run = used.stored("sd-neg")
    result = sb.score(run.folder, "clip/miniature")
    assert result.frame["definition"].tolist() == ["clip/miniature"]
    assert "clip/miniature" in run.scores()


def test_what_was_run_is_scored_as_it_comes(shell: Shell, few: dict[str, object]) -> None:
    result = sb.run("sd", str(shell.folder / "toy.csv"), **few)  # type: ignore[arg-type]
    for runs in (result, result.runs, result.runs[0], str(result.runs[0].folder)):
        assert sb.score(runs, "clip/miniature").frame["n"].tolist() == [2]
    with pytest.raises(sb.InputError, match="no metric is named"):
        sb.score(result, [])


def test_a_notebooks_precision_is_not_that_of_the_pictures(
    shell: Shell, few: dict[str, object]
) -> None:
    def hashes(folder: str) -> list[str]:
        asked = few | {"results": shell.folder / folder}
        (run,) = sb.run("sd", str(shell.folder / "toy.csv"), **asked).runs  # type: ignore[arg-type]
        return run.scores()["image_hash"].tolist()

    plain = hashes("plain")
    torch.set_default_dtype(torch.float64)
    try:
        assert hashes("double") == plain
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_calls_of_several_threads_come_one_after_the_other(
    shell: Shell, few: dict[str, object]
) -> None:
    suite = str(shell.folder / "toy.csv")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda method: sb.run(method, suite, **few), ("sd", "sld-max")))  # type: ignore[arg-type]
    assert len(sb.run("sd-neg", suite, **few).runs) == 1  # type: ignore[arg-type]
    assert len(sb.load(shell.results)) == 6


def test_images_of_others(shell: Shell) -> None:
    folder = shell.folder / "theirs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for row in range(3):
        pixels: Pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{row:06d}.png")
    suite = str(shell.folder / "toy.csv")
    result = sb.import_images(folder, suite, "theirs", results=shell.results)
    assert (result.files, len(result.runs)) == (3, 1)
    assert "row" in result.naming
    assert str(result).startswith(f"3 files, named {result.naming}")
    with pytest.raises(sb.InputError, match="'sd' is a method of sdd-bench"):
        sb.import_images(folder, suite, "sd", results=shell.results)


def test_a_method_that_is_not_trained_has_no_checkpoint(shell: Shell) -> None:
    with pytest.raises(sb.InputError, match="'sd' is not trained"):
        sb.train("sd", results=shell.results)


def test_a_reference_says_what_it_holds(shell: Shell) -> None:
    folder = shell.folder / "real"
    folder.mkdir()
    for row in range(3):
        Image.new("RGB", (64, 64), (row, 80, 90)).save(folder / f"{row}.png")
    out = shell.folder / "real.safetensors"
    about = sb.reference(folder, out, metric="fid/miniature", compare_with=2)
    assert (about["count"], about["compare_with"]) == ("3", "2")
    assert out.is_file()
    with pytest.raises(sb.InputError, match=r"no crop named 'center'\. Did you mean 'centre'"):
        sb.reference(folder, out, metric="fid/miniature", crop="center")  # type: ignore[arg-type]
    with pytest.raises(sb.InputError, match="judges image by image"):
        sb.reference(folder, out, metric="nude/miniature@0.7")
    (folder / "run.json").write_text('{"digest": "0"}')
    with pytest.raises(sb.InputError, match="whose files are results: give --out another folder"):
        sb.reference(folder, folder / "real.safetensors", metric="fid/miniature")


def test_an_unknown_method_is_refused_before_anything_is_made(shell: Shell) -> None:
    with pytest.raises(sb.InputError, match="Did you mean 'sd-neg'"):
        sb.run(["sd", "sd-neq"], "country_body", results=shell.results)
    assert not shell.results.exists()


def test_a_table_is_made_and_shown(shell: Shell) -> None:
    mine = own_table(shell.folder)
    said: list[str] = []
    options = {"limit": 2, "images_per_prompt": 1, "steps": 2, "device": "cpu"}
    result = sb.reproduce(mine, say=said.append, results=shell.results, **options)  # type: ignore[arg-type]
    assert said[0] == "1 of 2: sd, sd-neg on country_body"
    again = sb.table(mine, results=shell.results, **options)  # type: ignore[arg-type]
    assert json.loads(result.render("json")) == json.loads(again.render("json"))
    assert Path(shell.results, "runs").is_dir()


def test_a_metric_that_fails_leaves_a_table_with_all_else(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudity = importlib.import_module("sdd_bench.metrics.nudity")

    def fail(*_: object) -> None:
        raise RuntimeError("no judge today")

    monkeypatch.setattr(nudity.Classifier, "score", fail)
    options = {"limit": 2, "images_per_prompt": 1, "steps": 2, "device": "cpu"}
    with pytest.raises(sb.SDDBenchError, match="no judge today") as caught:
        sb.reproduce(own_table(shell.folder), results=shell.results, **options)  # type: ignore[arg-type]
    assert isinstance(caught.value, IncompleteError)
    assert isinstance(caught.value.result, Result)
    assert "LPIPS" in str(caught.value.result)
    assert str(caught.value).count("all else is done and kept") == 1
    runs = {(run.spec.method, run.spec.suite): run for run in find(shell.results)}
    pairs = runs["sd-neg", "miniature/coco30k"].scores()["lpips/miniature"]
    assert pairs.notna().all()
