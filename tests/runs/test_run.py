"""A run on disk: opened once, found whole, its images and facts kept."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdd_bench.errors import InputError, SDDBenchError
from sdd_bench.runs import lookup
from sdd_bench.runs.run import Run, SetValue
from support.fuzz import BRIEFLY, anything, or_a_sentence
from support.runs import PIXELS, SLD_WEAK, sample, toy_rows


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


def test_a_record_that_cannot_be_read_is_neither_damaged_nor_absent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write_scores(toy_rows(("a", 0, 0.5)))
    run.write_sets({})
    before = {path: path.read_bytes() for path in run.folder.glob("*.*")}

    def refuse(path: Path) -> bytes:
        raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        for read in (run.scores, run.measures, run.sets, run.facts, run.repair):
            with pytest.raises(SDDBenchError, match="Stale file handle") as caught:
                read()
            assert caught.value.exit_code == 4
        with pytest.raises(SDDBenchError, match="Stale file handle"):
            Run.create(run.folder.parents[3], SLD_WEAK)
    assert {path: path.read_bytes() for path in run.folder.glob("*.*")} == before


def test_another_run_in_the_folder_is_refused(tmp_path: Path, run: Run) -> None:
    other = Run.create(tmp_path / "other", replace(SLD_WEAK, method="sd"))
    (run.folder / "run.json").write_bytes((other.folder / "run.json").read_bytes())
    with pytest.raises(InputError, match="holds another run than its name says"):
        Run.create(tmp_path, SLD_WEAK)


def test_scores_and_values_of_another_run_are_not_this_runs(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    # Of the same method and suite: only the number of steps differs.
    settings = replace(SLD_WEAK.settings, steps=SLD_WEAK.settings.steps + 1)
    other = Run.create(tmp_path, replace(SLD_WEAK, settings=settings))
    other.write_scores(toy_rows(("a", 0, 0.5)))
    other.write_sets({"fid/toy": SetValue(value=1.0, low=0.5, high=1.5, n=9)})
    for name in ("scores.parquet", "sets.json"):
        (run.folder / name).write_bytes((other.folder / name).read_bytes())
    assert run.scores().empty
    assert run.sets() == {}
    assert run.measures() == set()  # so that a table says that it is not scored
    said = f"it is of another run, {other.spec.digest}"
    assert [said in record.getMessage() for record in caplog.records] == [True, True]
    assert len(other.scores()) == len(other.sets()) == 1


def test_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Run.open(tmp_path)
    assert str(caught.value) == f"{tmp_path} is no run folder: it has no run.json"


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


# --- anything at all --------------------------------------------------------------------------

SETS = b'{"fid/toy": {"value": 12.5, "low": 1.0, "high": 20.0, "n": 4, "reason": ""}}'


@BRIEFLY
@given(data=st.data())
def test_any_record_is_read_or_has_a_sentence(run: Run, data: st.DataObject) -> None:
    folder = run.folder.parent / "spoilt"
    folder.mkdir(exist_ok=True)
    good = (run.folder / "run.json").read_bytes()
    (folder / "run.json").write_bytes(data.draw(anything(good)))
    with or_a_sentence(InputError):
        opened = Run.open(folder)
        assert opened.facts().images >= 0
        assert len(opened.spec.digest) == 10


@BRIEFLY
@given(data=st.data())
def test_any_values_and_scores_are_read_or_left_out(run: Run, data: st.DataObject) -> None:
    path = run.folder / "scores.parquet"
    if not path.exists():
        run.write_scores(toy_rows(("japan", 0, 0.5), ("japan", 1, 0.75)))
        path.with_suffix(".good").write_bytes(path.read_bytes())
    path.write_bytes(data.draw(anything(path.with_suffix(".good").read_bytes())))
    (run.folder / "sets.json").write_bytes(data.draw(anything(SETS)))
    assert all(name and value.n is not None for name, value in run.sets().items())
    assert len(run.samples()) == len(run.scores())
