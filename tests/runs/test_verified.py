"""A picture that was found whole is not decoded again, unless its file is another one."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sdd_bench import files
from sdd_bench.errors import InputError
from sdd_bench.files import states
from sdd_bench.runs import album, changes, images, verified
from sdd_bench.runs.run import Run
from sdd_bench.types import Sample
from support.runs import PIXELS, SLD_WEAK, run_spec, sample, score_rows


@pytest.fixture
def many(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[Sample]:
    """Three pictures, which are many here, and old enough for changes to show."""
    monkeypatch.setattr(album, "FEW", 1)
    monkeypatch.setattr(states, "SETTLED", -60.0)
    found = [sample(k=k) for k in range(3)]
    for each in found:
        run.save_image(each, PIXELS, "aa")
    assert run.missing(found) == []
    time.sleep(0.05)  # a file system counts time in steps of some milliseconds
    return found


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures that are decoded from here on."""
    names: list[str] = []
    original = images.verified

    def counted(path: Path) -> object:
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(images, "verified", counted)
    return names


def names(samples: Sequence[Sample]) -> list[str]:
    return [f"{each.stem}.png" for each in samples]


def test_what_was_found_whole_is_not_looked_at_again(
    run: Run, many: list[Sample], looked: list[str]
) -> None:
    assert run.missing(many) == []
    assert Run.open(run.folder).missing(many) == []
    assert looked == []
    new = sample(k=7)
    run.save_image(new, PIXELS, "aa")
    assert run.missing([*many, new]) == []
    assert run.missing([*many, new]) == []
    assert looked == names([new])


def test_a_changed_picture_is_noticed_though_its_size_and_time_are_those_of_before(
    run: Run, many: list[Sample], looked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = run.image_path(many[1])
    data, status = bytearray(path.read_bytes()), path.stat()
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    with caplog.at_level(logging.WARNING):
        assert run.missing(many) == [many[1]]
    assert f"{path} is damaged (" in caplog.text
    assert looked == names([many[1]])


def test_a_removed_and_a_foreign_picture_are_missing(
    run: Run, many: list[Sample], tmp_path: Path
) -> None:
    other = Run.create(tmp_path / "other", replace(SLD_WEAK, method="sd"))
    other.save_image(many[0], PIXELS, "aa")
    run.image_path(many[0]).write_bytes(other.image_path(many[0]).read_bytes())
    run.image_path(many[2]).unlink()
    assert run.missing(many) == [many[0], many[2]]
    run.save_image(many[0], PIXELS, "aa")
    assert run.missing(many) == [many[2]]


def test_a_picture_is_not_known_as_that_of_another_prompt_or_seed(
    run: Run, many: list[Sample], looked: list[str]
) -> None:
    edited = [sample(text="Japan, body"), replace(many[1], seed=8), many[2]]
    assert run.missing(edited) == edited[:2]
    assert looked == names(edited[:2])


def test_a_picture_that_has_just_been_written_is_looked_at_again(
    run: Run, many: list[Sample], looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "SETTLED", 2.0)
    run.save_image(many[0], PIXELS, "aa")
    for _ in range(2):
        assert run.missing(many) == []
    assert looked == names([many[0]] * 2)


def test_a_picture_without_marks_of_its_pixels_is_looked_at_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked: list[str]
) -> None:
    monkeypatch.setattr(album, "FEW", 1)
    monkeypatch.setattr(states, "SETTLED", -60.0)
    imported = Run.create(tmp_path, run_spec(parameters={"imported": "f" * 64}))
    several = [sample(k=k) for k in range(2)]
    for each in several:
        Image.fromarray(PIXELS).save(imported.image_path(each))
    for _ in range(2):
        assert imported.missing(several) == []
    assert looked == names(several) * 2


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda _: b"", lambda _: b"no table"])
def test_a_damaged_record_counts_for_nothing(
    run: Run,
    many: list[Sample],
    looked: list[str],
    caplog: pytest.LogCaptureFixture,
    damage: object,
) -> None:
    path = run.folder / verified.NAME
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert run.missing(many) == []
    assert looked == names(many)
    assert f"{path} is damaged (" in caplog.text
    looked.clear()
    assert run.missing(many) == []
    assert looked == []


def test_the_record_of_another_run_counts_for_nothing(
    run: Run, many: list[Sample], looked: list[str], tmp_path: Path
) -> None:
    other = Run.create(tmp_path / "other", replace(SLD_WEAK, method="sd"))
    (other.folder / verified.NAME).write_bytes((run.folder / verified.NAME).read_bytes())
    for each in many:
        os.link(run.image_path(each), other.image_path(each))
    assert other.missing(many) == many
    assert looked == names(many)


def test_where_no_record_can_be_written_pictures_count_all_the_same(
    run: Run, many: list[Sample], monkeypatch: pytest.MonkeyPatch, looked: list[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InputError("read-only")

    (run.folder / verified.NAME).unlink()
    monkeypatch.setattr(files, "write_parquet", refuse)
    for _ in range(2):
        assert run.missing(many) == []
    assert looked == names(many) * 2


def test_scores_of_what_was_looked_at_are_kept_and_of_others_dropped(
    run: Run, many: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    original = images.stated_pixels

    def counted(path: Path) -> str:
        asked.append(path.name)
        return original(path)

    monkeypatch.setattr(images, "stated_pixels", counted)
    hashed = images.hash_of(PIXELS)
    run.write_scores(score_rows("sld-weak", many, noise_hash="aa", image_hash=hashed))
    changes.forget_changed(run, many, run.look(many).pixels)
    assert len(run.scores()) == 3
    run.save_image(many[0], 255 - PIXELS, "aa")
    changes.forget_changed(run, many, run.look(many).pixels)
    assert asked == []
    assert run.scores()["k"].tolist() == [1, 2]


def test_few_pictures_are_all_looked_at(run: Run, many: list[Sample], looked: list[str]) -> None:
    assert run.missing(many[:1]) == []
    assert looked == names(many[:1])
