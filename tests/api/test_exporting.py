"""Stored results for other programs, from Python."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import sdd_bench as sb
from sdd_bench.api import exporting
from sdd_bench.runs import claims
from support.shell import Shell


def test_no_runs_is_said(shell: Shell) -> None:
    for call in (lambda: sb.dataset(results=shell.results), lambda: _card(shell)):
        with pytest.raises(sb.InputError, match="no runs in"):
            call()


def _card(shell: Shell) -> object:
    return sb.export("model-card", results=shell.results, out=shell.folder / "card.md")


def test_a_form_that_is_none_gets_a_suggestion(shell: Shell) -> None:
    with pytest.raises(sb.InputError, match=r"no form named 'lm_eval'\. Did you mean 'lm-eval'"):
        sb.export("lm_eval", results=shell.results)


def test_no_export_is_put_into_the_folder_of_a_run(used: Shell) -> None:
    folder = used.stored().folder
    for form, name in (("model-card", "run.json"), ("lm-eval", "new"), ("dataset", "new")):
        with pytest.raises(sb.InputError, match="whose files are results: give --out"):
            sb.export(form, results=used.results, out=folder / name)
    assert not (folder / "new").exists()


def test_the_data_set_has_the_columns_of_load(used: Shell) -> None:
    made = sb.dataset("sd", results=used.results)
    assert made.column_names == list(sb.load(used.results).columns)
    assert set(made["method"]) == {"sd"}


def test_a_card_that_is_no_text_is_named(used: Shell) -> None:
    card = used.folder / "card.md"
    card.write_bytes(b"caf\xe9")
    with pytest.raises(sb.InputError, match=r"card.md: not UTF-8 text .*: repair it, or name"):
        sb.export("model-card", results=used.results, out=card)


def test_two_at_once_lose_no_entry_of_a_card(used: Shell) -> None:
    card = used.folder / "card.md"
    threads = [
        threading.Thread(target=sb.export, args=("model-card", name), kwargs=options)
        for name in ("sd", "sd-neg")
        for options in ({"results": used.results, "out": card},)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert card.read_text().count("- name: miniature, sd") == 2


def test_an_export_that_is_interrupted_leaves_nothing_and_may_be_given_again(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = used.folder / "lm", exporting._write
    made: list[Path] = []

    def interrupted(path: Path, text: str) -> None:
        if made:
            raise KeyboardInterrupt
        made.append(path)
        write(path, text)

    monkeypatch.setattr(exporting, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sb.export("lm-eval", results=used.results, out=out)
    monkeypatch.undo()
    assert [path.name for path in used.folder.glob("*lm*")] == []
    assert len(list(sb.export("lm-eval", results=used.results, out=out).rglob("*.json"))) == 2


def test_an_export_goes_where_a_link_to_an_empty_folder_leads(used: Shell) -> None:
    target, link = used.folder / "target", used.folder / "link"
    target.mkdir()
    link.symlink_to(target)
    sb.export("lm-eval", results=used.results, out=link)
    assert link.is_symlink()
    assert len(list(target.rglob("*.json"))) == 2


@pytest.mark.parametrize("form", ["lm-eval", "dataset"])
@pytest.mark.parametrize("late", [False, True])
def test_who_comes_second_to_a_folder_is_told_so(
    used: Shell, monkeypatch: pytest.MonkeyPatch, form: str, late: bool
) -> None:
    out, check = used.folder / "out", exporting._check_new
    looks: list[Path] = []

    def meanwhile(path: Path) -> None:
        if not looks or not late:
            check(path)
        looks.append(path)
        if len(looks) == 1 + late:  # while this one writes; or after it has looked a last time
            path.mkdir()
            (path / "theirs").touch()

    monkeypatch.setattr(exporting, "_check_new", meanwhile)
    said = "Directory not empty; give another folder" if late else "holds something already"
    with pytest.raises(sb.InputError, match=said):
        sb.export(form, results=used.results, out=out)
    assert [path.name for path in used.folder.glob("*out*")] == ["out"]
    assert [path.name for path in out.iterdir()] == ["theirs"]


def test_a_card_is_one_by_whatever_link_it_is_written(
    used: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, link = used.folder / "card.md", used.folder / "link.md"
    link.symlink_to(card)
    others: list[object] = []
    write = exporting._write

    def writing(path: Path, text: str) -> None:
        others.append(claims.take(card))
        write(path, text)

    monkeypatch.setattr(exporting, "_write", writing)
    sb.export("model-card", "sd", results=used.results, out=link)
    assert others == [None]
    assert link.is_symlink()
    assert card.read_text().count("- name: miniature, sd") == 1
