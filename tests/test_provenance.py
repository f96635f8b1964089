"""Provenance: versions, machine and commit, as text."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import click
import pytest

from sdd_bench import plugins, provenance, registry
from sdd_bench.errors import InputError


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_versions_are_those_installed() -> None:
    versions = provenance.versions()
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == metadata.version("numpy")


def test_nothing_is_imported_to_ask_for_its_version() -> None:
    code = (
        "import sys; from sdd_bench import provenance; provenance.collect();"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'diffusers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_everything_collected_is_text() -> None:
    found = provenance.collect()
    assert {"platform", "cpu", "git_commit", "python", "numpy"} <= found.keys()
    assert all(isinstance(value, str) for value in found.values())
    assert found["cpu"].endswith("threads")


def test_a_commit_and_its_modifications(tmp_path: Path) -> None:
    assert provenance.git_commit(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    assert provenance.git_commit(tmp_path) is None
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert provenance.git_commit(tmp_path) == commit
    (tmp_path / "new").write_text("untracked")
    assert provenance.git_commit(tmp_path) == commit
    (tmp_path / "file").write_text("b")
    assert provenance.git_commit(tmp_path) == f"{commit}+modified"


def test_a_folder_inside_another_project_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "first")
    (tmp_path / "site-packages").mkdir()
    assert provenance.git_commit(tmp_path / "site-packages") is None


def test_no_git_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert provenance.git_commit() is None


# --- plugins ----------------------------------------------------------------------------------


def test_a_plugin_is_known_by_the_hash_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("class Mine:\n    concepts = ()\n    branches = guide = None\n")
    source = plugins.path_source(f"{path}:Mine")
    found = provenance.plugins([plugins.load(source)])
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == {"plugin mine.py:Mine": f"mine.py, SHA-256 {sha}"}


def test_a_plugin_of_a_distribution_has_its_version() -> None:
    # Any class of an installed package stands for a plugin's.
    (key,) = found = provenance.plugins([click.Option(["--x"])])
    assert key == "plugin click.core:Option"
    assert found[key].startswith(f"click {metadata.version('click')}, SHA-256 ")


def test_what_is_ours_is_known_by_the_commit() -> None:
    method = registry.scan().method("sd")
    assert provenance.plugins([method]) == {}


@pytest.mark.parametrize("value", ["abc", "1.5", "1e3", "99999999999999999", "-"])
def test_a_time_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(InputError, match=f"SOURCE_DATE_EPOCH is '{value}': give a whole number of"):
        provenance.check_environment()


def test_an_empty_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    provenance.check_environment()
    assert "SOURCE_DATE_EPOCH" not in os.environ
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert provenance.stamp() == "1970-01-02T00:00:00+00:00"
