"""`doctor` says what would fail, and fails only where the default model would."""

from __future__ import annotations

import os
import re
import socket
from importlib import metadata
from pathlib import Path

import pytest

from sdd_bench import doctor
from sdd_bench.weights import catalog, store
from support.shell import Shell


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "no-weights"))


def finding(what: str, results: Path) -> doctor.Diagnosis:
    (found,) = (each for each in doctor.examine(results) if each.what.startswith(what))
    return found


def test_it_works_here_without_a_network(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: object) -> None:
        raise AssertionError("doctor wants the network")

    monkeypatch.setattr(socket.socket, "connect", offline)
    monkeypatch.setattr(socket, "getaddrinfo", offline)
    answer = shell("doctor", "--results", shell.results)
    assert answer.code == 0, answer.out + answer.err
    assert answer.out.endswith("The miniature works here.\n")
    assert not shell.results.exists()


def test_every_weight_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    found = {each.what.partition(" ")[0]: each for each in doctor.examine(tmp_path)}
    for name in set(catalog.weights()) - {"nudenet-320n"}:  # this may be installed
        assert found[name].found == "missing"
        assert found[name].remedy == f"sdd-bench weights fetch {name}"
        assert found[name].state == "note"


def test_a_damaged_miniature_fails_it(shell: Shell, copied_miniature: Path) -> None:
    next(copied_miniature.rglob("*.onnx")).write_bytes(b"?")
    line = shell.fails(3, "doctor", "--results", shell.results)
    assert line == "error: the miniature would not work here: the miniature; see the table"


def test_a_package_outside_its_bounds_fails_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = metadata.version

    def installed(name: str) -> str:
        return "1.18.0" if name == "scipy" else version(name)

    monkeypatch.setattr(metadata, "version", installed)
    found = finding("scipy", shell.results)
    assert found.state == "wrong"
    assert re.fullmatch(r"1\.18\.0, needed: (<1\.18,>=1\.11|>=1\.11,<1\.18)", found.found)
    assert found.remedy.startswith('python -m pip install "scipy')
    assert "scipy; see the table" in shell.fails(3, "doctor", "--results", shell.results)


def test_a_package_that_is_not_installed_fails_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = metadata.version

    def installed(name: str) -> str:
        if name in {"statsmodels", "nudenet"}:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", installed)
    assert finding("statsmodels", tmp_path).state == "wrong"
    # What only some work needs is said, and fails nothing.
    (optional,) = (each for each in doctor.examine(tmp_path) if each.what == "nudenet")
    assert (optional.state, optional.remedy) == ("note", "python -m pip install nudenet")


def test_a_results_folder_that_cannot_be_written_fails_it(shell: Shell) -> None:
    (shell.folder / "file").write_text("")
    line = shell.fails(3, "doctor", "--results", shell.folder / "file" / "results")
    assert "results folder" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_fails_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert finding("results folder", tmp_path / "results").state == "wrong"


def test_a_weight_whose_record_is_broken_is_said_and_fails_nothing(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "no-weights").mkdir()
    (tmp_path / "no-weights" / store.LOCK).write_text("{")
    answer = shell("doctor", "--results", shell.results)
    assert answer.code == 0
    # A long path takes the line's end elsewhere.
    assert "record of hashes" in " ".join(answer.out.split())
