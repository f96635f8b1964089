"""What is made of runs is never put among their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdd_bench.errors import InputError
from sdd_bench.runs import places
from support.runs import SAFE, store


@pytest.mark.parametrize(
    "inside", ["run.json", "scores.parquet", "images/x.png", "new.html", "new/deep/page.html", "up"]
)
def test_nothing_is_put_into_the_folder_of_a_run(tmp_path: Path, inside: str) -> None:
    folder = store(tmp_path, "sd", SAFE).folder
    (folder / "up").symlink_to(folder / "run.json")
    with pytest.raises(InputError, match="whose files are results: give --out another folder"):
        places.check(folder / inside, "--out")
    places.check(folder.parent / "page.html", "--out")


def test_no_link_leads_into_one(tmp_path: Path) -> None:
    folder = store(tmp_path / "results", "sd", SAFE).folder
    link, by_folder = tmp_path / "page.html", tmp_path / "folder"
    link.symlink_to(folder / "run.json")
    by_folder.symlink_to(folder)
    for path in (link, by_folder / "page.html"):
        with pytest.raises(InputError, match=f"{path} lies in {folder}, whose files"):
            places.check(path, "--out")


def test_a_damaged_run_and_a_training_are_protected_too(tmp_path: Path) -> None:
    folder = store(tmp_path / "results", "sd", SAFE).folder
    record = folder / "run.json"
    record.write_text(record.read_text()[:100])
    training = tmp_path / "trained"
    training.mkdir()
    (training / "train.json").write_text(json.dumps({"digest": "x"}))
    for each in (folder, training):
        with pytest.raises(InputError, match="whose files are results"):
            places.check(each / "page.html", "--out")


def test_a_file_of_that_name_by_somebody_else_protects_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"command": "x"}')
    (tmp_path / "train.json").mkdir()
    places.check(tmp_path / "page.html", "--out")


def test_what_no_file_can_take_the_place_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory; give another folder with --out"):
        places.check(tmp_path, "--out")
