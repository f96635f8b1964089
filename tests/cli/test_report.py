"""The command `report`."""

from __future__ import annotations

from pathlib import Path

from support.reporting import read
from support.shell import Shell


def test_without_runs_it_says_where_to_begin(shell: Shell) -> None:
    line = shell.fails(2, "report", "--results", shell.results)
    assert "start with `sdd-bench run`" in line


def test_the_page_is_written_and_named(used: Shell) -> None:
    path = used.folder / "deep" / "page.html"
    done = used("report", "--results", used.results, "--out", path)
    assert (done.code, done.out, done.err) == (0, f"{path}\n", "")
    report = read(path).report
    assert {run["method"] for run in report["runs"]} == {"sd", "sd-neg"}
    assert [each["name"] for each in report["definitions"]] == [
        "lpips/miniature",
        "nude/miniature@0.7",
    ]


def test_only_what_was_asked_for_is_shown(used: Shell) -> None:
    path = used.folder / "page.html"
    options = ("--results", used.results, "--out", path)
    assert used("report", "sd-neg", "--no-images", *options).code == 0
    report = read(path).report
    assert [run["method"] for run in report["runs"]] == ["sd-neg"]
    assert report["command"] == "sdd-bench report sd-neg"
    assert "no run of sdd: there are sd, sd-neg" in used.fails(2, "report", "sdd", *options)
    assert "no runs on i2p" in used.fails(2, "report", "--suite", "i2p", *options)


def test_a_bundle_is_a_folder(used: Shell) -> None:
    folder = used.folder / "bundle"
    done = used("report", "--results", used.results, "--bundle", folder)
    assert (done.code, done.out) == (0, f"{folder / 'index.html'}\n")
    assert len(list(folder.rglob("*.png"))) == 4
    both = ("--bundle", folder, "--out", used.folder / "page.html")
    assert "not both" in used.fails(2, "report", "--results", used.results, *both)


def test_a_place_that_is_a_folder_is_refused(used: Shell) -> None:
    line = used.fails(2, "report", "--results", used.results, "--out", used.folder)
    assert "is a folder" in line


def test_a_page_that_cannot_be_written_says_which_option(used: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "page.html"
    line = used.fails(2, "report", "--results", used.results, "--out", place)
    assert "give another folder with --out" in line
    line = used.fails(2, "report", "--results", used.results, "--bundle", tmp_path / "file" / "b")
    assert "give another folder with --bundle" in line
