"""Stored runs: which two belong together, and which one a choice names."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.runs import lookup
from sdd_bench.types import Settings
from support.runs import SAFE, store


def test_runs_of_equal_settings_belong_together(tmp_path: Path) -> None:
    made = {
        (method, seed): store(tmp_path, method, SAFE, settings=Settings(seed=seed))
        for method in ("a", "b")
        for seed in (42, 43)
    }
    found = lookup.pairs(list(made.values()), "a", "b")
    assert found == [(made["a", seed], made["b", seed]) for seed in (42, 43)]
    one, other = made["a", 42], made["b", 43]
    labels = lookup.label(one), lookup.label(other)
    assert lookup.pairs(list(made.values()), *labels) == [(one, other)]


def test_a_choice_is_the_users(tmp_path: Path) -> None:
    runs = [store(tmp_path, "a", SAFE, checkpoint=each) for each in ("x", "y")]
    runs.append(store(tmp_path, "b", SAFE))
    with pytest.raises(InputError, match=r"several runs of a or b on body: name two of a-\w+, a-"):
        lookup.pairs(runs, "a", "b")
    with pytest.raises(InputError, match="no run of c: there are a, b"):
        lookup.pairs(runs, "a", "c")
    apart = [runs[0], store(tmp_path, "b", SAFE, suite="other")]
    with pytest.raises(InputError, match="no suite with runs of both a and b"):
        lookup.pairs(apart, "a", "b")


def test_a_method_from_a_file_is_called_as_where_it_is_run(tmp_path: Path) -> None:
    run = store(tmp_path, "repel:Repel", SAFE)
    for name in ("repel:Repel", "repel.py:Repel", "here/repel.py:Repel"):
        assert lookup.named([run], name) == [run]
    with pytest.raises(InputError, match="no run of other:Repel: there are repel:Repel"):
        lookup.named([run], "other.py:Repel")


def test_the_name_of_the_undefended_model_means_no_weights_of_somebody(tmp_path: Path) -> None:
    own = store(tmp_path, "sd", SAFE, checkpoint=None)
    given = store(tmp_path, "sd", SAFE, checkpoint="3fa21b07" + "0" * 56)
    assert lookup.named([own, given], "sd") == [own]
    for name in ("sd @3fa21b07", "sd@3fa21b07", given.spec.digest, given.folder.name):
        assert lookup.named([own, given], name) == [given]
    assert lookup.named([given], "sd") == [given]  # who has nothing else means this
    removed = store(tmp_path, "sega", SAFE), store(tmp_path, "sega", SAFE, checkpoint="4" * 64)
    assert lookup.named(removed, "sega") == [*removed]


def test_a_folder_that_is_called_like_a_record_stands_in_nobodys_way(tmp_path: Path) -> None:
    store(tmp_path, "sd", {})
    (tmp_path / "runs" / "other" / "x" / "w" / "run.json").mkdir(parents=True)
    assert [run.spec.method for run in lookup.find(tmp_path)] == ["sd"]


@pytest.mark.parametrize("name", ["{} (copy)", "a copy of {}"])
def test_a_copy_of_a_run_is_left_out(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = store(tmp_path, "sd", SAFE)
    copy = run.folder.with_name(name.format(run.folder.name))
    shutil.copytree(run.folder, copy)
    assert lookup.find(tmp_path) == [run]
    assert lookup.beside(run) == [run]
    assert f"left out: {copy} is a copy of {run.folder}: take it away" in caplog.text
    shutil.rmtree(run.folder)
    assert [each.folder for each in lookup.find(tmp_path)] == [copy]


@pytest.mark.parametrize("damage", ["wrong type", "later version", "cut off", "unreadable"])
def test_a_record_that_cannot_be_used_takes_its_own_run_out_alone(
    tmp_path: Path,
    damage: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, run = store(tmp_path, "sd", SAFE), store(tmp_path, "sd-neg", SAFE)
    record = run.folder / "run.json"
    content = json.loads(record.read_text())
    if damage == "wrong type":
        record.write_text(json.dumps(content | {"images": "many"}))
    elif damage == "later version":
        record.write_text(json.dumps(content | {"later": 1}))
    elif damage == "cut off":
        record.write_text(record.read_text()[:100])
    else:
        read_bytes = Path.read_bytes

        def refuse(path: Path) -> bytes:
            if path == record:
                raise PermissionError(errno.EACCES, "Permission denied")
            return read_bytes(path)

        monkeypatch.setattr(Path, "read_bytes", refuse)
    before = sorted(path.name for path in run.folder.iterdir())
    assert lookup.find(tmp_path) == [other]
    reason = {
        "wrong type": 'is damaged (images should be a valid integer, not "many")',
        "later version": "was written by another version of sdd-bench (later is unknown)",
        "cut off": "is damaged (not JSON: EOF while parsing",
        "unreadable": "cannot read",
    }[damage]
    assert f"left out: {reason}" in caplog.text or f"left out: {record} {reason}" in caplog.text
    assert sorted(path.name for path in run.folder.iterdir()) == before


def test_folders_that_cannot_be_listed_are_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path, "sd", SAFE)

    def refuse(folder: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SDDBenchError, match="Permission denied"):
        lookup.find(tmp_path)
